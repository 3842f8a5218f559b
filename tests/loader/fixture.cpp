// SPDX-License-Identifier: BSL-1.0
// A plugin with the defect that its compile definitions select.
#include <pollux/plugin.hpp>

#ifndef FIXTURE_VERSION
#define FIXTURE_VERSION pollux::interface_version
#endif
#ifndef FIXTURE_SIZE
#define FIXTURE_SIZE sizeof(pollux::Plugin)
#endif
#ifndef FIXTURE_ABI
#define FIXTURE_ABI pollux::abi_tag
#endif
#ifndef FIXTURE_OWN_NAME
#define FIXTURE_OWN_NAME FIXTURE_NAME
#endif
#ifndef FIXTURE_RANK
#define FIXTURE_RANK (-1000)
#endif
#ifndef FIXTURE_RANK_DRIFT
#define FIXTURE_RANK_DRIFT 0
#endif
#ifndef FIXTURE_OPEN
#define FIXTURE_OPEN opens
#endif

extern "C" int pollux_is_not_defined_anywhere();

namespace {

using namespace pollux;

/// An address without memory: reading it crashes.
[[maybe_unused]] const char* const nowhere = reinterpret_cast<const char*>(1);

class Idle final : public Selector, private Registrator {
  public:
    Registrator& registrator() noexcept override { return *this; }
    std::span<const Event> select(std::span<Event>, Timeout, std::error_code& error) noexcept override {
        error.clear();
        return {};
    }

  private:
    std::error_code add(Source, const Watch&) noexcept override { return {}; }
    std::error_code modify(Source, const Watch&) noexcept override { return {}; }
    std::error_code remove(Source) noexcept override { return {}; }
    std::error_code wake() noexcept override { return {}; }
};

[[maybe_unused]] std::unique_ptr<Selector> opens(OpenFailure&) noexcept { return std::make_unique<Idle>(); }

[[maybe_unused]] std::unique_ptr<Selector> fails(OpenFailure& failure) noexcept {
    failure = {make_error_code(std::errc::permission_denied), "fixture_setup"};
    return nullptr;
}

[[maybe_unused]] std::unique_ptr<Selector> fails_in_silence(OpenFailure&) noexcept { return nullptr; }

[[maybe_unused]] std::unique_ptr<Selector> calls_an_undefined_function(OpenFailure&) noexcept {
    return pollux_is_not_defined_anywhere() ? nullptr : std::make_unique<Idle>();
}

} // namespace

#ifndef FIXTURE_WITHOUT_DESCRIPTION
POLLUX_DESCRIBE_PLUGIN(FIXTURE_NAME, FIXTURE_RANK, "a fixture of the loader's tests");
#endif

#ifndef FIXTURE_WITHOUT_SYMBOL
const pollux::Plugin pollux_plugin{
    .interface_version = FIXTURE_VERSION,
    .size = FIXTURE_SIZE,
    .abi = FIXTURE_ABI,
    .name = FIXTURE_OWN_NAME,
    .summary = "a fixture of the loader's tests",
    .rank = FIXTURE_RANK + FIXTURE_RANK_DRIFT,
    .capabilities = {},
    .open = FIXTURE_OPEN,
};
#endif
