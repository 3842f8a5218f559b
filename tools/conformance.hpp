// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::tools {

/// Runs `pollux conformance NAME|FILE... [GoogleTest's flags]`; argv[0] is "conformance".
/// Returns: the suite's exit status.
int conformance(int argc, char** argv);

/// Whether the suite is included in this build.
extern const bool has_conformance;

} // namespace pollux::tools
