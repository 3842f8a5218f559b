// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pollux::loop {

/// LoopCallbacks counts the callbacks that each phase has called.
struct LoopCallbacks {
    std::uint64_t timers = 0;
    std::uint64_t posted = 0;
    std::uint64_t ready = 0; // of watches, signals and wakes
    std::uint64_t deferred = 0;

    std::uint64_t total() const noexcept { return timers + posted + ready + deferred; }
};

/// LoopMetrics counts what a Loop has done since it was made, and what is pending.      [metrics.counts]
struct LoopMetrics {
    std::uint64_t turns = 0;
    std::uint64_t polls = 0;  // calls of Selector::select(), some of which slept
    std::uint64_t events = 0; // from the backend, wakes included
    std::uint64_t wakes = 0;
    std::uint64_t stale = 0;    // events that were dropped, or postponed by a change of their watch
    std::uint64_t reopened = 0; // how often the backend was opened again, see Loop          [loop.lingering]
    LoopCallbacks callbacks;
    std::uint64_t closed = 0; // handles that ended and were destroyed

    std::size_t watches = 0; // that can still be called: not paused, spent or refused
    std::size_t timers = 0;  // set, and not fired
    std::size_t posts = 0;   // waiting to be called

    // Zero unless LoopOptions::measure_time is set.                                     [metrics.times]
    std::chrono::nanoseconds asleep{0}; // in calls of Selector::select() that may sleep
    std::chrono::nanoseconds busy{0};   // all other time in run(), run_one(), run_for()
    std::chrono::nanoseconds longest_callback{0};
};

} // namespace pollux::loop
