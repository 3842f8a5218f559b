// SPDX-License-Identifier: BSL-1.0
#include "clock.hpp"

#include <cerrno>
#include <ctime>

#include <dlfcn.h>
#include <sys/timerfd.h>

namespace {

constexpr std::uint64_t second = 1'000'000'000;

// Later than the clocks of a machine that was just started.
std::uint64_t made_up = 1'000'000 * second;
bool is_made_up = false;

int system_clock(clockid_t which, timespec* time) noexcept {
    using Function = int (*)(clockid_t, timespec*);
    static const auto function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "clock_gettime"));
    return function(which, time);
}

} // namespace

extern "C" int clock_gettime(clockid_t which, timespec* time) noexcept {
    if (!is_made_up) return system_clock(which, time);
    time->tv_sec = static_cast<std::time_t>(made_up / second);
    time->tv_nsec = static_cast<long>(made_up % second);
    return 0;
}

/// Such a descriptor would use the kernel's clock. Without it asio checks its timers in each turn, which saves it
/// system calls; no other contender uses it.
extern "C" int timerfd_create(clockid_t, int) noexcept {
    errno = ENOSYS;
    return -1;
}

namespace pollux::bench {

namespace made_up_time {

std::uint64_t now() noexcept { return made_up; }
void pass(std::uint64_t nanoseconds) noexcept { made_up += nanoseconds; }
Holds::Holds() noexcept { is_made_up = true; }
Holds::~Holds() { is_made_up = false; }

} // namespace made_up_time

std::uint64_t stopwatch(std::size_t operations) noexcept {
    constexpr std::size_t many = 10'000;
    timespec time{};
    system_clock(operations < many ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * second + static_cast<std::uint64_t>(time.tv_nsec);
}

} // namespace pollux::bench
