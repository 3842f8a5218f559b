// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// Returns what `pollux version` prints, without a line feed at the end: versions, compiler, whether the conformance
/// suite is included, and the folders in which plugins are searched. No plugin is loaded.
std::string version_text();

} // namespace pollux::tools
