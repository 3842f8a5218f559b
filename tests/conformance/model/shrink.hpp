// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "operation.hpp"

#include <functional>

namespace pollux::conformance::model {

/// The shortest and simplest sequence that can be reached from one that fails by leaving out operations, then by making
/// them simpler; each try begins from nothing.
Sequence shrink(Sequence failing, const std::function<bool(const Sequence&)>& fails);

} // namespace pollux::conformance::model
