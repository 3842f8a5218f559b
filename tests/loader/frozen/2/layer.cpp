// SPDX-License-Identifier: BSL-1.0
// A layer for the frozen headers of version 2: it has an option, capabilities of its own and an extension.
#include "calls.hpp"

#include <pollux/forwarding_selector.hpp>
#include <pollux/toolkit.hpp>

#include <algorithm>
#include <atomic>
#include <string_view>
#include <utility>

namespace {

using namespace pollux;

constexpr Option options[] = {{"most", "8", "events that one select() returns, from 1 to 4096"}};

class Layer final : public ForwardingSelector, public frozen::Calls {
  public:
    Layer(std::unique_ptr<Selector> inner, std::uint32_t most) noexcept
        : ForwardingSelector(std::move(inner)),
          most_(most),
          capabilities_(copy_of(ForwardingSelector::capabilities())) {
        capabilities_.priority = {Support::unsupported, "a layer of version 2 does not pass it on"};
    }

    const Capabilities& capabilities() const noexcept override { return capabilities_; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        return ForwardingSelector::select(buffer.first(std::min<std::size_t>(buffer.size(), most_)), timeout, error);
    }

    void* extension(const char* asked) noexcept override {
        return asked == std::string_view(frozen::Calls::id) ? static_cast<frozen::Calls*>(this) : nullptr;
    }

    std::size_t additions() const noexcept override { return additions_; }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override {
        if (const auto error = toolkit::validate(watch, capabilities_)) return error;
        const auto error = ForwardingSelector::add(source, watch);
        if (!error) ++additions_;
        return error;
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (const auto error = toolkit::validate(watch, capabilities_)) return error;
        return ForwardingSelector::modify(source, watch);
    }

    const std::uint32_t most_;
    Capabilities capabilities_;
    std::atomic<std::size_t> additions_{0};
};

std::unique_ptr<Selector> open(const OpenRequest& request, OpenFailure& failure) noexcept {
    std::uint32_t most = 0;
    if (!toolkit::read_count(request, "most", 1, 4096, most, failure)) return nullptr;
    return std::unique_ptr<Selector>(new (std::nothrow) Layer(std::move(*request.inner), most));
}

} // namespace

POLLUX_DESCRIBE_LAYER("frozen_layer", "a layer of version 2");
const pollux::Plugin pollux_plugin{
    .kind = pollux_description.kind,
    .rank = pollux_description.rank,
    .name = pollux_description.name,
    .summary = "a layer of version 2, as it was loaded",
    .options = options,
    .option_count = std::size(options),
    .open = open,
};
