// SPDX-License-Identifier: BSL-1.0
// A layer for the tests of the suite: it lacks the abilities that the option `lacks` names, declares it, and refuses
// what is documented. With `lies` it refuses nothing.
#include <pollux/forwarding_selector.hpp>
#include <pollux/plugin.hpp>
#include <pollux/toolkit.hpp>

#include <atomic>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>

using namespace pollux;

namespace {

constexpr Option options[] = {
    {"lacks", "", "oneshot, level, edge, threads, numbers, flags or closed, with dots between them"},
    {"lies", "0", "1: declares it, and refuses nothing"}};
constexpr Capability lacking{Support::unsupported, "an option of the layer limited"};
constexpr std::uint64_t highest = 1023;

/// A layer that declares abilities unsupported, and refuses what needs them unless it lies.
class Limited final : public ForwardingSelector {
  public:
    Limited(std::unique_ptr<Selector> inner, const std::string& lacks, bool lies)
        : ForwardingSelector(std::move(inner)),
          capabilities_(copy_of(ForwardingSelector::capabilities())),
          lies_(lies) {
        const std::pair<const char*, Capability Capabilities::*> names[] = {{"oneshot", &Capabilities::oneshot},
                                                                            {"level", &Capabilities::level},
                                                                            {"edge", &Capabilities::edge},
                                                                            {"threads", &Capabilities::any_thread},
                                                                            {"numbers", &Capabilities::any_number},
                                                                            {"flags", &Capabilities::unchanged_sources},
                                                                            {"closed", &Capabilities::closed_sources}};
        for (const auto& [name, member] : names) {
            if (lacks.find(name) != lacks.npos) capabilities_.*member = lacking;
        }
        if (!capabilities_.any_number) capabilities_.highest_source = highest;
    }

    const Capabilities& capabilities() const noexcept override { return capabilities_; }
    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        selecting_ = std::this_thread::get_id();
        return ForwardingSelector::select(buffer, timeout, error);
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override {
        const bool is_too_high =
            !capabilities_.any_number && static_cast<std::uint64_t>(source) > highest && is_open(source);
        if (is_refused(watch) || (is_too_high && !lies_)) return make_error_code(std::errc::operation_not_supported);
        const auto error = ForwardingSelector::add(source, watch);
        if (!error && !capabilities_.unchanged_sources) fcntl(source, F_SETFL, fcntl(source, F_GETFL) | O_NONBLOCK);
        return error;
    }
    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (is_refused(watch)) return make_error_code(std::errc::operation_not_supported);
        return ForwardingSelector::modify(source, watch);
    }
    std::error_code remove(Source source) noexcept override {
        if (is_foreign()) return make_error_code(std::errc::operation_not_supported);
        return ForwardingSelector::remove(source);
    }

    static bool is_open(Source source) noexcept { return fcntl(source, F_GETFD) != -1; }
    bool is_foreign() const noexcept {
        return !lies_ && !capabilities_.any_thread && selecting_.load() != std::this_thread::get_id();
    }
    bool is_refused(const Watch& watch) const noexcept {
        if (lies_) return false;
        const bool is_offered = watch.mode == Mode::oneshot ? static_cast<bool>(capabilities_.oneshot)
                                : watch.mode == Mode::level ? static_cast<bool>(capabilities_.level)
                                : watch.mode == Mode::edge  ? static_cast<bool>(capabilities_.edge)
                                                            : true;
        return !is_offered || is_foreign();
    }

    Capabilities capabilities_;
    bool lies_;
    std::atomic<std::thread::id> selecting_ = std::this_thread::get_id();
};

std::unique_ptr<Selector> open_limited(const OpenRequest& request, OpenFailure& failure) noexcept {
    std::unique_ptr<Selector> layer(new (std::nothrow) Limited(
        std::move(*request.inner), std::string(request.option("lacks")), request.option("lies") == "1"));
    if (!layer) failure.set(make_error_code(std::errc::not_enough_memory), "allocate");
    return layer;
}

} // namespace

POLLUX_DESCRIBE_LAYER("limited", "lacks abilities");
const pollux::Plugin pollux_plugin = pollux::toolkit::plugin_of(pollux_description, open_limited, nullptr, options);
