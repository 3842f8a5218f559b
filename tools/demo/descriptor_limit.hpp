// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace pollux::tools {

/// Ensures that this process may open `needed` descriptors, and raises its limit if necessary.
/// Errors: std::runtime_error with the number that is needed and the limit.
void require_descriptors(std::size_t needed);

} // namespace pollux::tools
