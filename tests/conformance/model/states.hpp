// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "kinds.hpp"

#include <vector>

namespace pollux::conformance::model {

/// A State is a state of one source, with the shortest sequence of operations that leads to it from a fresh source.
struct State {
    Facts facts;
    Sequence path;
    /// Every operation that is possible in it, those that change nothing included.
    std::vector<Operation> next;
};

/// Returns all states of a source that differ by more than counts: breadth first, so the first one is the fresh source.
std::vector<State> states_of(std::size_t source, bool with_pipes);

} // namespace pollux::conformance::model
