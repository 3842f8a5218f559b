// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

struct NewOptions {
    std::string name = {};
    std::string folder = {};     // to create; empty: one of the plugin's name, in the current folder
    bool over_callbacks = false; // whether the plugin is one over an event library
};

/// Runs `pollux new NAME [--callback] [--dir FOLDER]`: creates a project for a plugin of this name in a new folder. It
/// creates all files or none, and changes no existing file.
/// Returns: an exit status; the error is printed on the standard error stream.
int new_project(const NewOptions& options);

} // namespace pollux::tools
