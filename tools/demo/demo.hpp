// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

struct DemoOptions {
    int connections = 500;
    int seconds = 5;
    std::string backend = {}; // in the syntax of POLLUX_BACKEND
    bool all = false;
    bool as_json = false;
};

/// Runs `pollux demo`: an echo server on a backend, with TCP clients that check every byte.
/// Returns: an exit status: 1 if there were errors, or if nothing could be measured.
/// Errors:  OpenError; std::exception
int demo(const DemoOptions& options);

} // namespace pollux::tools
