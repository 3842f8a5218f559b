// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// `pollux explain [BACKEND]`: the story of the choice that a program would make here.
/// Returns: an exit status: 1 if nothing could be opened; the story is then on the standard error stream.
int explain(const std::string& backend);

} // namespace pollux::tools
