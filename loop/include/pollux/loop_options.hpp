// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>

namespace pollux {

/// What a Loop may be told when it is made.
struct LoopOptions {
    /// Room for so many events each time it looks for them; at least 1. A watch takes 16 bytes of it while it is ready.
    std::size_t events = 256;

    /// How many callbacks a phase may call in one turn, at least 1. What is over it stays for the next turn, in order,
    /// which does not sleep [loop.budget].
    std::size_t callbacks_per_phase = 1024;

    /// How long a phase may call callbacks in one turn; zero: as long as they take. One is called in any case. The
    /// clock is then read after each [loop.budget_of_time].
    std::chrono::nanoseconds time_per_phase{0};

    /// How many functions may be posted and not yet taken by the Loop, at least 1. post() refuses what is over it
    /// [post.bounded]. The Loop takes all that are there at once, so twice as many may wait for their call.
    std::size_t posts = std::numeric_limits<std::size_t>::max();

    /// Whether to fill in the times of LoopMetrics; the clock is then read twice for each callback and each sleep.
    bool measure_time = false;
};

} // namespace pollux
