// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux {

/// What the process was started with, as far as Pollux may look at it.
struct Environment {
    std::string backend = {};     // POLLUX_BACKEND
    std::string plugin_path = {}; // POLLUX_PLUGIN_PATH
    bool privileged = false;      // set-uid, set-gid or with capabilities from its file: then the others are empty

    static Environment of_process();
};

} // namespace pollux
