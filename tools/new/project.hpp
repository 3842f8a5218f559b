// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// `pollux new NAME [--dir FOLDER]`: a project for a plugin of this name, in a folder that is made for it; empty means
/// one of the same name, here. It is made whole, or not at all, and nothing that is there is written to.
/// Returns: an exit status; what is wrong is on the standard error stream.
int new_project(const std::string& name, const std::string& folder);

} // namespace pollux::tools
