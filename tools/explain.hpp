// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// `pollux explain [BACKEND] [--needs WORDS]`: the story of the choice that a program would make here.
/// Returns: an exit status: 1 if nothing could be opened; the story is then on the standard error stream.
/// Errors: std::invalid_argument, if `needs` is not made of the words that it should be made of.
int explain(const std::string& backend, const std::string& needs);

} // namespace pollux::tools
