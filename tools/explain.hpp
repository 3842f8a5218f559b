// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// Runs `pollux explain [BACKEND] [--needs WORDS]`: prints the backend that a program would get, and why.
/// Returns: an exit status: 1 if no backend could be opened; the diagnostic is then on the standard error stream.
/// Errors: std::invalid_argument, if `needs` has an unknown word.
int explain(const std::string& backend, const std::string& needs);

} // namespace pollux::tools
