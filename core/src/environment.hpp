// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux {

/// An Environment holds the variables of the process that Pollux uses, as far as it may trust them.
struct Environment {
    std::string backend = {};     // POLLUX_BACKEND
    std::string layers = {};      // POLLUX_LAYERS
    std::string plugin_path = {}; // POLLUX_PLUGIN_PATH
    bool privileged = false;      // set-uid, set-gid or with capabilities from its file: then the variables are empty

    static Environment of_process();
};

} // namespace pollux
