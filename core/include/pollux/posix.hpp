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

/// Functions for authors of plugins on POSIX systems.
namespace pollux::posix {

/// Returns the error of a system call that returns -1 and sets errno: `return check(epoll_ctl(...))`.
inline std::error_code check(int result) noexcept {
    return result == -1 ? std::error_code(errno, std::system_category()) : std::error_code();
}

/// Converts a wait for a system call. A negative one becomes zero; one that time_t cannot hold becomes its largest
/// value.
inline std::timespec to_timespec(std::chrono::nanoseconds wait) noexcept {
    using std::chrono::seconds;
    if (wait < wait.zero()) return {};
    const auto whole = std::chrono::duration_cast<seconds>(wait);
    constexpr auto most = std::numeric_limits<std::time_t>::max();
    if (whole.count() > most) return {most, 0};
    return {static_cast<std::time_t>(whole.count()), static_cast<long>((wait - whole).count())};
}

/// Converts a wait to whole milliseconds, for poll(2) and the like: rounded up, so that no wait is early. A negative
/// one becomes zero; one that int cannot hold (24.8 days) becomes its largest value, after which the caller must wait
/// again.
inline int to_milliseconds(std::chrono::nanoseconds wait) noexcept {
    using std::chrono::milliseconds;
    constexpr auto most = std::numeric_limits<int>::max();
    if (wait <= wait.zero()) return 0;
    if (wait > milliseconds(most)) return most;
    return static_cast<int>(std::chrono::ceil<milliseconds>(wait).count());
}

/// Moves a new file descriptor above those of the standard streams, and returns it. Otherwise a program that was
/// started without standard streams might print into it.
///
/// A descriptor that was moved is close-on-exec. On failure it returns -1 and sets errno, and `descriptor` is closed;
/// it returns -1 if `descriptor` is -1.
inline int above_standard_streams(int descriptor) noexcept {
    if (descriptor == -1 || descriptor > STDERR_FILENO) return descriptor;
    const int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int error = errno;
    close(descriptor);
    errno = error;
    return moved;
}

/// Opens a pipe for a plugin: non-blocking, above the standard streams, and close-on-exec, from the start where the
/// system has pipe2(2), which macOS has not. On failure no pipe is open, and `ends` are -1.
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

/// Returns whether a file descriptor that select(2) reports as readable is a pipe or FIFO without writers and data,
/// which poll(2) reports as POLLHUP. Another thread that reads it meanwhile can make that untrue.
inline bool is_ended_pipe(int descriptor) noexcept {
    struct stat status {};
    if (fstat(descriptor, &status) == -1 || !S_ISFIFO(status.st_mode)) return false;
    // select(2) also reports the writing end as readable if there is no reader.
    const int flags = fcntl(descriptor, F_GETFL);
    int bytes = 0;
    return flags != -1 && (flags & O_ACCMODE) != O_WRONLY && ioctl(descriptor, FIONREAD, &bytes) == 0 && bytes == 0;
}

/// Emulates poll(2) by select(2), which has no limit but reports neither POLLHUP nor POLLERR as such:
///
/// - An error, or a hang-up of a source that is polled for POLLIN, is reported as the conditions that it is polled for.
/// - A hang-up of a source that is not polled for POLLIN is reported as POLLHUP if it is a pipe or FIFO without data.
///   That of others is not: sockets and terminals that have hung up are writable, unless their buffers are full.
/// - Such a hang-up does not end a sleep, unless it was there at the begin.
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
            if (is_failed) { // EBADF does not state of which source
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
    const int count = count_ready(result == -1);
    if (count != 0 || milliseconds == 0) return count;
    // Without the ends: data on a source that is not polled for POLLIN would end each sleep at once.
    result = select_for(milliseconds, false);
    return result == -1 && errno != EBADF ? -1 : count_ready(result == -1);
} catch (const std::bad_alloc&) {
    errno = ENOMEM;
    return -1;
}

/// Calls poll(2). If a program has lowered RLIMIT_NOFILE below the number of its sources, for which poll(2) fails with
/// EINVAL, it calls poll_by_select(), with the limits of that. `milliseconds`: -1 is for ever.
inline int poll_for(std::span<pollfd> sources, int milliseconds) noexcept {
    const int count = poll(sources.data(), static_cast<nfds_t>(sources.size()), milliseconds);
    return count == -1 && errno == EINVAL ? poll_by_select(sources, milliseconds) : count;
}

/// Calls poll_for() without sleeping, until no signal interrupts it.
inline int poll_now(std::span<pollfd> sources) noexcept {
    for (;;) {
        const int count = poll_for(sources, 0);
        if (count != -1 || errno != EINTR) return count;
    }
}

/// Rechecks whether a source has hung up or failed, after poll_now() found nothing although another call (io_uring,
/// say) has reported so: poll_by_select() may miss it. Returns POLLHUP and POLLERR as poll(2) reports them. If poll(2)
/// fails because of RLIMIT_NOFILE it returns `reported`, or 0 if a read would block, since a read of a source that has
/// hung up or failed never does. So the result is untrue only if the end is over by then and there is unread data.
inline short recheck_end(int descriptor, short reported) noexcept {
    pollfd source{descriptor, POLLIN, 0};
    if (poll_now({&source, 1}) != 1) return 0;
    constexpr short ends = POLLHUP | POLLERR;
    if (source.revents & ends) return static_cast<short>(source.revents & ends);
    pollfd none{-1, 0, 0};
    const bool is_refused = poll(&none, 1, 0) == -1 && errno == EINVAL;
    return is_refused && (source.revents & POLLIN) ? reported : short{0};
}

} // namespace pollux::posix

#endif
