// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// Implements `pollux new NAME [--dir FOLDER]`: makes a project for a plugin of this name in a new folder. If `folder`
/// is empty, it is one of the same name in the current directory. The project is made completely or not at all, and no
/// existing file is written to.
/// Returns an exit status; an error is printed to the standard error stream.
int new_project(const std::string& name, const std::string& folder);

} // namespace pollux::tools
