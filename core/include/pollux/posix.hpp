// SPDX-License-Identifier: BSL-1.0
#pragma once

#ifndef _WIN32

#include <pollux/event.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <limits>
#include <new>
#include <span>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

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

/// Moves a descriptor that was just made above those of the standard streams, and returns its new number. A program
/// that was started without them gets their numbers for whatever it opens next, and then prints into that.
///
/// Close-on-exec in any case. -1 and errno on failure, and then `descriptor` is closed; -1 is handed on.
inline int above_standard_streams(int descriptor) noexcept {
    if (descriptor == -1 || descriptor > STDERR_FILENO) return descriptor;
    const int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int error = errno;
    close(descriptor);
    errno = error;
    return moved;
}

/// Opens a pipe for the own use of a plugin: non-blocking, close-on-exec from the start where the system has pipe2(2),
/// which macOS has not, and above the standard streams. On failure nothing is open, and `ends` are -1.
inline std::error_code open_pipe(std::array<int, 2>& ends) noexcept {
    const auto close_both = [&ends] {
        const auto error = check(-1);
        for (int& end : ends) {
            if (end != -1) close(end);
            end = -1;
        }
        return error;
    };
#ifdef __APPLE__
    if (pipe(ends.data()) == -1) return check(-1);
    for (const int end : ends) {
        if (fcntl(end, F_SETFD, FD_CLOEXEC) == -1 || fcntl(end, F_SETFL, O_NONBLOCK) == -1) return close_both();
    }
#else
    if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == -1) return check(-1);
#endif
    for (int& end : ends) {
        end = above_standard_streams(end);
        if (end == -1) return close_both();
    }
    return {};
}

/// Whether a descriptor that select(2) calls readable is a pipe or FIFO whose writers and data are gone: what poll(2)
/// reports as POLLHUP. Another thread that reads it meanwhile can make that untrue.
inline bool is_ended_pipe(int descriptor) noexcept {
    struct stat status {};
    if (fstat(descriptor, &status) == -1 || !S_ISFIFO(status.st_mode)) return false;
    // select(2) also calls the writing end readable, when there is no reader.
    const int flags = fcntl(descriptor, F_GETFL);
    int bytes = 0;
    return flags != -1 && (flags & O_ACCMODE) != O_WRONLY && ioctl(descriptor, FIONREAD, &bytes) == 0 && bytes == 0;
}

/// Does what poll(2) does with select(2), which knows no limit but reports neither POLLHUP nor POLLERR by name:
///
/// - An error, or a hang-up of a source that is asked for POLLIN, is reported as what was asked for.
/// - A hang-up of a source that is not asked for POLLIN is reported as POLLHUP if it is a pipe or FIFO without data.
///   That of others is not: sockets and terminals that have hung up are writable, unless their buffers are full.
/// - A sleep does not end with such a hang-up, unless it was there at the beginning.
inline int poll_by_select(std::span<pollfd> sources, int milliseconds) noexcept try {
    int highest = -1;
    for (const auto& source : sources) highest = std::max(highest, source.fd);
    // The kernel takes sets of any size, fd_set's own is that of C libraries.
    constexpr int bits = 8 * sizeof(unsigned long);
    const auto words = static_cast<std::size_t>(highest / bits) + 1;
    std::vector<unsigned long> sets(3 * words);
    const auto word = [&](std::size_t set, int fd) -> unsigned long& {
        return sets[set * words + static_cast<std::size_t>(fd / bits)];
    };
    constexpr short conditions[] = {POLLIN, POLLOUT, POLLPRI};
    const auto select_for = [&](int wait, bool with_ends) {
        std::fill(sets.begin(), sets.end(), 0UL);
        for (const auto& source : sources) {
            if (source.fd < 0) continue;
            for (std::size_t set = 0; set < 3; ++set) {
                if ((source.events & conditions[set]) || (with_ends && set == 0))
                    word(set, source.fd) |= 1UL << (source.fd % bits);
            }
        }
        timeval time{};
        time.tv_sec = wait / 1000;
        time.tv_usec = static_cast<decltype(time.tv_usec)>(wait % 1000) * 1000;
        const auto set_at = [&](std::size_t set) { return reinterpret_cast<fd_set*>(sets.data() + set * words); };
        return select(highest + 1, set_at(0), set_at(1), set_at(2), wait < 0 ? nullptr : &time);
    };
    const auto count_ready = [&](bool is_failed) {
        int count = 0;
        for (auto& source : sources) {
            source.revents = 0;
            if (is_failed) { // it does not say of which
                if (source.fd >= 0 && fcntl(source.fd, F_GETFD) == -1) source.revents = POLLNVAL;
                count += source.revents != 0;
                continue;
            }
            for (std::size_t set = 0; source.fd >= 0 && set < 3; ++set) {
                if ((word(set, source.fd) >> (source.fd % bits) & 1) == 0) continue;
                const auto condition = source.events & conditions[set] ? conditions[set] : short{POLLHUP};
                if (condition != POLLHUP || is_ended_pipe(source.fd))
                    source.revents = static_cast<short>(source.revents | condition);
            }
            count += source.revents != 0;
        }
        return count;
    };
    int result = select_for(0, true);
    if (result == -1 && errno != EBADF) return -1;
    const int count = result == 0 ? 0 : count_ready(result == -1);
    if (count != 0 || milliseconds == 0) return count;
    // Without the ends: data that no source was asked for would end each sleep at once.
    result = select_for(milliseconds, false);
    return result == -1 && errno != EBADF ? -1 : count_ready(result == -1);
} catch (const std::bad_alloc&) {
    errno = ENOMEM;
    return -1;
}

/// As poll(2), but it is not refused where a program has lowered RLIMIT_NOFILE below the number of its sources
/// (poll(2): EINVAL): there it is poll_by_select(), with the limits of that. `milliseconds`: -1 is for ever.
inline int poll_for(std::span<pollfd> sources, int milliseconds) noexcept {
    const int count = poll(sources.data(), static_cast<nfds_t>(sources.size()), milliseconds);
    return count == -1 && errno == EINVAL ? poll_by_select(sources, milliseconds) : count;
}

/// As poll(2) without sleeping, but neither a signal ends it, nor is it refused where a program has lowered
/// RLIMIT_NOFILE below the number of its sources (poll(2): EINVAL): there it is poll_by_select().
inline int poll_now(std::span<pollfd> sources) noexcept {
    for (;;) {
        const int count = poll_for(sources, 0);
        if (count != -1 || errno != EINTR) return count;
    }
}

} // namespace pollux::posix

#endif
