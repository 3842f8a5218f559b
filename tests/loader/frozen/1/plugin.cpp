// SPDX-License-Identifier: BSL-1.0
// A plugin for the frozen headers of version 1. With a description it must not be loaded, and ends the process if it
// is.
#include <pollux/plugin.hpp>

#include <cstdlib>

namespace {

using namespace pollux;

std::unique_ptr<Selector> open(OpenFailure&) noexcept { std::abort(); }

#ifdef FROZEN_IS_DESCRIBED
const bool is_loaded = [] {
    std::abort();
    return true;
}();
#endif

} // namespace

#ifdef FROZEN_IS_DESCRIBED
POLLUX_DESCRIBE_PLUGIN(FROZEN_NAME, 1000, "a backend of version 1");
#endif
const pollux::Plugin pollux_plugin{
    .interface_version = pollux::interface_version,
    .size = sizeof(pollux::Plugin),
    .abi = pollux::abi_tag,
    .name = FROZEN_NAME,
    .summary = "a backend of version 1",
    .rank = 1000,
    .capabilities = {},
    .open = open,
};
