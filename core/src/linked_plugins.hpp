// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <vector>

namespace pollux {

/// Returns the plugins that are linked into the program. Those that cannot be used have a `refusal`; of two that have
/// one name it is the second.
std::vector<FoundPlugin> linked_plugins();

} // namespace pollux
