// SPDX-License-Identifier: BSL-1.0
#include "clock.hpp"

#include <cerrno>
#include <ctime>

#include <dlfcn.h>
#include <sys/timerfd.h>

namespace {

constexpr std::uint64_t second = 1'000'000'000;

// Later than the clocks of a machine that was just started.
std::uint64_t artificial = 1'000'000 * second;
bool is_artificial = false;

int system_clock(clockid_t which, timespec* time) noexcept {
    using Function = int (*)(clockid_t, timespec*);
    static const auto function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "clock_gettime"));
    return function(which, time);
}

} // namespace

extern "C" int clock_gettime(clockid_t which, timespec* time) noexcept {
    if (!is_artificial) return system_clock(which, time);
    time->tv_sec = static_cast<std::time_t>(artificial / second);
    time->tv_nsec = static_cast<long>(artificial % second);
    return 0;
}

/// Such a descriptor would use the kernel's clock. Without it asio checks its timers in each turn, which saves it
/// system calls; no other contender uses it.
extern "C" int timerfd_create(clockid_t, int) noexcept {
    errno = ENOSYS;
    return -1;
}

namespace pollux::bench {

namespace artificial_time {

std::uint64_t now() noexcept { return artificial; }
void pass(std::uint64_t nanoseconds) noexcept { artificial += nanoseconds; }
ClockOverride::ClockOverride() noexcept { is_artificial = true; }
ClockOverride::~ClockOverride() { is_artificial = false; }

} // namespace artificial_time

std::uint64_t stopwatch(std::size_t operations) noexcept {
    constexpr std::size_t many = 10'000;
    timespec time{};
    system_clock(operations < many ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * second + static_cast<std::uint64_t>(time.tv_nsec);
}

} // namespace pollux::bench
