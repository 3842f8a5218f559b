// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

struct ExplainOptions {
    std::string backend = {}; // in the syntax of POLLUX_BACKEND
    std::string needs = {};   // words, separated by commas
    bool as_json = false;
};

/// Runs `pollux explain [BACKEND] [--needs WORDS] [--json]`: prints the backend that a program would get, and why.
/// Returns: an exit status: 1 if no backend could be opened; the diagnostic is then on the standard error stream.
/// Errors: std::invalid_argument, if `needs` has an unknown word.
int explain(const ExplainOptions& options);

} // namespace pollux::tools
