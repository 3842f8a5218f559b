// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../harness/rule.hpp"

#include <pollux/time/timer_wheel.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
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

/// NumberedTimers are a wheel and its timers, which tests name by their indexes.
class NumberedTimers {
  public:
    explicit NumberedTimers(std::uint64_t start = 0, std::size_t count = 4)
        : wheel(std::make_unique<TimerWheel>(start)), timers(count) {}
    ~NumberedTimers() {
        for (auto& timer : timers) wheel->cancel(timer);
    }
    NumberedTimers(const NumberedTimers&) = delete;
    NumberedTimers& operator=(const NumberedTimers&) = delete;

    std::size_t pop() {
        const auto* const timer = static_cast<const Timer*>(wheel->pop_due());
        return timer == nullptr ? none : static_cast<std::size_t>(timer - timers.data());
    }

    /// Returns the timers that are due at this time.
    std::vector<std::size_t> at(std::uint64_t now) {
        wheel->advance(now);
        std::vector<std::size_t> all;
        for (auto number = pop(); number != none; number = pop()) all.push_back(number);
        return all;
    }

    static constexpr auto none = std::numeric_limits<std::size_t>::max();
    const std::unique_ptr<TimerWheel> wheel;
    std::vector<Timer> timers;
};

using Numbers = std::vector<std::size_t>;

} // namespace pollux::time::tests
