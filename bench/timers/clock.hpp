// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

/// Time that passes when a benchmark says so. This program has a clock_gettime() of its own, which all libraries in it
/// call: so each of them sees the same hours go by in a moment, and none pays for reading a clock.
namespace pollux::bench::made_up_time {

/// Nanoseconds; what both the monotonic and the real-time clock show.
std::uint64_t now() noexcept;

void pass(std::uint64_t nanoseconds) noexcept;

/// While one lives, time is made up. Otherwise clocks show what they always do, so that the harness can use them.
class Holds {
  public:
    Holds() noexcept;
    ~Holds();
    Holds(const Holds&) = delete;
    Holds& operator=(const Holds&) = delete;
};

} // namespace pollux::bench::made_up_time

namespace pollux::bench {

/// Nanoseconds, always of the system. Of the thread's processor time, which leaves out what other processes do
/// meanwhile; or, as that takes long to read, of the clock where only `operations` are measured.
std::uint64_t stopwatch(std::size_t operations) noexcept;

} // namespace pollux::bench
