// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// Runs `pollux new NAME [--callback] [--dir FOLDER]`: creates a project for a plugin of this name in a new folder; an
/// empty `folder` means a folder of the same name in the current one. With `over_callbacks` the plugin is one over an
/// event library. It creates all files or none, and changes no existing file. Returns: an exit status; the error is
/// printed on the standard error stream.
int new_project(const std::string& name, const std::string& folder, bool over_callbacks);

} // namespace pollux::tools
