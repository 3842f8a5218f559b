// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>

namespace pollux::tools {

/// A Prefix is the folder that this program is installed to.
struct Prefix {
    std::filesystem::path folder; // empty if the program is not installed, as in a build tree
    bool is_searched = false;     // by CMake on its own, as /usr
};

/// Returns where this program is installed, with the package for CMake beside it.
Prefix own_prefix();

} // namespace pollux::tools
