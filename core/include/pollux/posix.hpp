// SPDX-License-Identifier: BSL-1.0
#pragma once

#ifndef _WIN32

#include <pollux/event.hpp>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <limits>
#include <system_error>

/// Help for the authors of plugins on POSIX systems: for plugin authors only.
namespace pollux::posix {

/// The outcome of a system call that returns -1 and sets errno: `return check(epoll_ctl(...))`.
inline std::error_code check(int result) noexcept {
    return result == -1 ? std::error_code(errno, std::system_category()) : std::error_code();
}

/// A wait as system calls take it: negative becomes zero, and what time_t cannot hold its largest value.
inline std::timespec to_timespec(std::chrono::nanoseconds wait) noexcept {
    using std::chrono::seconds;
    if (wait < wait.zero()) return {};
    const auto whole = std::chrono::duration_cast<seconds>(wait);
    constexpr auto most = std::numeric_limits<std::time_t>::max();
    if (whole.count() > most) return {most, 0};
    return {static_cast<std::time_t>(whole.count()), static_cast<long>((wait - whole).count())};
}

/// A wait in whole milliseconds, for poll(2) and its kin: rounded up, so that no wait is early; negative becomes
/// zero. What int cannot hold (24.8 days) becomes its largest value, after which the caller must wait again.
inline int to_milliseconds(std::chrono::nanoseconds wait) noexcept {
    using std::chrono::milliseconds;
    constexpr auto most = std::numeric_limits<int>::max();
    if (wait <= wait.zero()) return 0;
    if (wait > milliseconds(most)) return most;
    return static_cast<int>(std::chrono::ceil<milliseconds>(wait).count());
}

} // namespace pollux::posix

#endif
