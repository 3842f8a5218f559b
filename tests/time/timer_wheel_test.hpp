// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../harness/rule.hpp"

#include <pollux/time/timer_wheel.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace pollux::time::tests {

inline constexpr auto end_of_time = std::numeric_limits<std::uint64_t>::max();
inline constexpr auto tick = TimerWheel::tick;
inline constexpr std::uint64_t levels = 8;

class Timer : public TimerNode {};

/// The start times: zero, within a tick, on both sides of a level's end, and near the end of time.
inline constexpr std::uint64_t starts[] = {0,
                                           tick / 3,
                                           (tick << 12U) - 1,
                                           (tick << 18U) + 1,
                                           std::uint64_t{1} << 50U,
                                           end_of_time - (std::uint64_t{1} << 52U)};

/// Returns the sum, or the end of time instead of an overflow.
inline std::uint64_t later(std::uint64_t time, std::uint64_t by) {
    return by > end_of_time - time ? end_of_time : time + by;
}

} // namespace pollux::time::tests
