// SPDX-License-Identifier: BSL-1.0
#include "search.hpp"

#include "shrink.hpp"

#include <algorithm>
#include <chrono>

namespace pollux::conformance::model {
namespace {

/// Short, since each lost event of a candidate takes this time; the result is then run with patience.
constexpr std::chrono::nanoseconds impatience{std::chrono::milliseconds(10)};

int tries_of(const Sequence& sequence) {
    const auto races = [](const Operation& operation) { return operation.thread == Thread::race; };
    return std::any_of(sequence.begin(), sequence.end(), races) ? 5 : 1;
}

} // namespace

Sequence shortest_difference(const std::vector<Subject>& subjects, const Sequence& failing) {
    const auto fails_within = [&subjects](std::chrono::nanoseconds limit) {
        return [&subjects, limit](const Sequence& attempt) {
            for (int tries = tries_of(attempt); tries > 0; --tries) {
                if (run(subjects, attempt, limit).difference) return true;
            }
            return false;
        };
    };
    auto shortest = shrink(failing, fails_within(impatience));
    // A late event is no difference.
    if (!fails_within(patience)(shortest)) shortest = shrink(failing, fails_within(patience));
    return shortest;
}

} // namespace pollux::conformance::model
