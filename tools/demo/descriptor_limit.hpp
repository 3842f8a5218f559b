// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace pollux::tools {

/// Makes sure that this process may open so many descriptors, and raises its limit if that is needed.
/// Errors: std::runtime_error that says what is needed and what is allowed.
void require_descriptors(std::size_t needed);

} // namespace pollux::tools
