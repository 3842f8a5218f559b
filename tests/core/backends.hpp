// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace pollux::core_tests {

/// The backends that this program is tried over: those that were built here, or what its CMakeLists.txt says instead.
std::vector<std::string> backends();

/// Where their plugins are, as the system writes an absolute path: with its drive, where it has drives.
std::string folder_of_plugins();

} // namespace pollux::core_tests
