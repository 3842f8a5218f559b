// SPDX-License-Identifier: BSL-1.0
// A layer for the tests of the suite: it forwards all calls, but modify() does what the option `how` names.
#include <pollux/forwarding_selector.hpp>
#include <pollux/plugin.hpp>
#include <pollux/toolkit.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include <unistd.h>

using namespace pollux;

namespace {

constexpr Option options[] = {
    {"how", "well", "well, crash, abort, exit, leave, sleep, compute, print, refuse or translate"}};

void misbehave(const std::string& how) noexcept {
    if (how == "crash") std::raise(SIGSEGV);
    if (how == "abort") std::abort();
    if (how == "exit") std::exit(0);
    if (how == "leave") _exit(0);
    while (how == "sleep") pause();
    volatile unsigned turns = 0;
    while (how == "compute") turns = turns + 1;
    while (how == "print") std::puts("a line of a plugin that does not stop");
}

/// An error category with the messages of the generic one.
class Category final : public std::error_category {
  public:
    const char* name() const noexcept override { return "misbehaving"; }
    std::string message(int value) const override { return std::generic_category().message(value); }
};
const Category category;

/// A layer whose modify() breaks a rule, in the way that an option names.
class Misbehaving final : public ForwardingSelector {
  public:
    Misbehaving(std::unique_ptr<Selector> inner, std::string_view how)
        : ForwardingSelector(std::move(inner)), how_(how) {}

  private:
    std::error_code modify(Source source, const Watch& watch) noexcept override {
        misbehave(how_);
        const auto error = ForwardingSelector::modify(source, watch);
        if (how_ == "refuse") return make_error_code(std::errc::io_error); // after it was done, so that no rule waits
        return how_ == "translate" && error ? std::error_code(error.value(), category) : error;
    }

    const std::string how_;
};

std::unique_ptr<Selector> open_misbehaving(const OpenRequest& request, OpenFailure& failure) noexcept {
    std::unique_ptr<Selector> layer(new (std::nothrow) Misbehaving(std::move(*request.inner), request.option("how")));
    if (!layer) failure.set(make_error_code(std::errc::not_enough_memory), "allocate");
    return layer;
}

#ifdef CRASHES_WHEN_LOADED
[[maybe_unused]] const int crash = std::raise(SIGSEGV);
#endif

} // namespace

POLLUX_DESCRIBE_LAYER(NAME, "does something that ends its process, or never ends, in modify()");
const pollux::Plugin pollux_plugin = pollux::toolkit::plugin_of(pollux_description, open_misbehaving, nullptr, options);
