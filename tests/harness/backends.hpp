// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace pollux::harness {

/// The backends that this program tests: those of this build, or those that its CMakeLists.txt names.
std::vector<std::string> backends();

/// The folder of their plugins, as an absolute path, with a drive on Windows: that of this build, or PLUGINS_OF_TESTS
/// of the environment, which has mutants.
std::string folder_of_plugins();

} // namespace pollux::harness
