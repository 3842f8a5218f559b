// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <vector>

namespace pollux::tools {

/// Returns the backends that `auto` did not try, since an earlier one opened; none if the backend was named.
std::vector<FoundPlugin> not_tried(const Choice& choice);

} // namespace pollux::tools
