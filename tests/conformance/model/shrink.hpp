// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "operation.hpp"

#include <functional>

namespace pollux::conformance::model {

/// Returns the shortest and simplest sequence that removing and then simplifying operations of a failing one can reach;
/// each candidate runs on new Selectors.
Sequence shrink(Sequence failing, const std::function<bool(const Sequence&)>& fails);

} // namespace pollux::conformance::model
