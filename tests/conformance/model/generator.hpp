// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "operation.hpp"

#include <cstdint>

namespace pollux::conformance::model {

/// The sequence of a seed: the same on every machine.
Sequence generate(std::uint64_t seed, std::size_t length);

} // namespace pollux::conformance::model
