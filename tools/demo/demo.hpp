// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

struct DemoOptions {
    int connections = 500;
    int seconds = 5;
    std::string backend = {}; // as POLLUX_BACKEND
    bool all = false;
};

/// `pollux demo`: an echo server over a backend, driven by real TCP clients; every byte is checked.
/// Returns: an exit status: 1 if there were errors, or nothing that could be measured.
/// Errors:  OpenError; std::exception
int demo(const DemoOptions& options);

} // namespace pollux::tools
