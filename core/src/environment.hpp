// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <string>

namespace pollux {

/// What the process was started with, as far as Pollux may look at it.
struct Environment {
    std::string backend = {};     // POLLUX_BACKEND
    std::string plugin_path = {}; // POLLUX_PLUGIN_PATH
    bool privileged = false;      // set-uid, set-gid or with capabilities from its file: then the others are empty

    static Environment of_process();
};

/// Whether a file or folder can be changed by anybody whom a privileged process cannot trust: all but root and, in a
/// set-uid process, its effective user. So it is also for what cannot be looked at.
bool others_can_write(const std::filesystem::path& path);

} // namespace pollux
