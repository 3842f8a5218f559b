// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

/// A clock that the benchmark advances. This program has a clock_gettime() of its own, which all its libraries call:
/// they see hours pass in a moment, and none pays for reading a clock.
namespace pollux::bench::artificial_time {

/// The time of both the monotonic and the real-time clock, in nanoseconds.
std::uint64_t now() noexcept;

/// Advances the artificial time.
void pass(std::uint64_t nanoseconds) noexcept;

/// A ClockOverride makes clocks show the artificial time while it exists. Otherwise they show the system's time, for
/// the harness.
class ClockOverride {
  public:
    ClockOverride() noexcept;
    ~ClockOverride();
    ClockOverride(const ClockOverride&) = delete;
    ClockOverride& operator=(const ClockOverride&) = delete;
};

} // namespace pollux::bench::artificial_time

namespace pollux::bench {

/// The real time in nanoseconds: the thread's processor time, which excludes other processes, or, since that is slow to
/// read, the clock if only `operations` are measured.
std::uint64_t stopwatch(std::size_t operations) noexcept;

} // namespace pollux::bench
