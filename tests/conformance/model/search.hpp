// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "trial.hpp"

namespace pollux::conformance::model {

/// How long an expected event may take.
inline constexpr std::chrono::nanoseconds patience{std::chrono::seconds(2)};

/// Returns the shortest sequence found that differs from the model, made of one that does. Those with a race are run
/// several times, since two threads do not meet each time.
Sequence shortest_difference(const std::vector<Subject>& subjects, const Sequence& failing);

} // namespace pollux::conformance::model
