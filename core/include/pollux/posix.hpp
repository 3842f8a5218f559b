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
#include <memory>
#include <new>
#include <span>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/// Functions for authors of plugins on POSIX systems: errors and durations of system calls, descriptors, a pair of
/// sockets that ends a sleep, and poll(2) below a lowered RLIMIT_NOFILE.
namespace pollux::posix {

/// Returns the error of a system call that returns -1 and sets errno: `return check(epoll_ctl(...))`. The values of
/// std::errc are those of errno.
[[nodiscard]] inline std::error_code check(int result) noexcept {
    return result == -1 ? std::error_code(errno, std::generic_category()) : std::error_code();
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

/// Opens a pair of connected sockets by which a plugin ends its own sleep: send_byte() to `ends[1]` makes `ends[0]`
/// readable. Sockets, not a pipe: a pipe without a reader raises SIGPIPE, and its reader may be closed, as daemons
/// close all descriptors.
///
/// Both are non-blocking, above the standard streams, and close-on-exec, from the start where the system has
/// SOCK_CLOEXEC, which macOS has not. On failure none is open, and `ends` are -1.
[[nodiscard]] inline std::error_code open_pair(std::array<int, 2>& ends) noexcept {
    const auto close_both = [&ends] {
        const auto error = check(-1);
        for (int& end : ends) {
            if (end != -1) close(end);
            end = -1;
        }
        return error;
    };
    ends = {-1, -1};
#ifdef SOCK_CLOEXEC
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == -1) return check(-1);
#else
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == -1) return check(-1);
    for (const int end : ends) {
        if (fcntl(end, F_SETFD, FD_CLOEXEC) == -1 || fcntl(end, F_SETFL, O_NONBLOCK) == -1) return close_both();
    }
#endif
#ifdef __APPLE__ // MSG_NOSIGNAL is missing, or new
    const int on = 1;
    if (setsockopt(ends[1], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) == -1) return close_both();
#endif
    for (int& end : ends) {
        end = above_standard_streams(end);
        if (end == -1) return close_both();
    }
    return {};
}

/// Makes the other end of a pair readable. Raises no SIGPIPE, and is async-signal-safe, except that it changes errno.
///
/// It writes nothing into a file or pipe that has reused the descriptor. A socket that has reused it gets the byte:
/// only further system calls in each wake could prevent this.
///
/// Errors: bad_file_descriptor  one of the ends was closed, or its descriptor is another file's
///         not_enough_memory, no_buffer_space, interrupted
[[nodiscard]] inline std::error_code send_byte(int end) noexcept {
#ifdef __APPLE__
    constexpr int no_signal = 0;
#else
    constexpr int no_signal = MSG_NOSIGNAL;
#endif
    if (send(end, "", 1, no_signal) == 1) return {};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {}; // it is full, so the other end is readable
    return errno == ENOMEM || errno == ENOBUFS || errno == EINTR ? check(-1)
                                                                 : std::error_code(EBADF, std::generic_category());
}

/// Returns whether a byte of send_byte() has arrived at the other end, if no thread drains it meanwhile: not if one of
/// the descriptors is another socket's by now. poll(2) needs it: a sleep continues with the file that has reused a
/// descriptor.
inline bool has_arrived(int end) noexcept {
    char byte = 0;
    return recv(end, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

/// Reads all bytes of an end of a pair, without blocking. Returns false if the pair is gone: one of its ends was
/// closed, or its descriptor is that of a file or pipe.
inline bool drain(int end) noexcept {
    std::array<char, 256> bytes;
    ssize_t count = 0;
    do {
        count = recv(end, bytes.data(), bytes.size(), MSG_DONTWAIT);
    } while (count == static_cast<ssize_t>(bytes.size()) || (count == -1 && errno == EINTR));
    return count > 0 || (count == -1 && (errno == EAGAIN || errno == EWOULDBLOCK));
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
inline int poll_by_select(std::span<pollfd> sources, int milliseconds) noexcept {
    int highest = -1;
    for (const auto& source : sources) highest = std::max(highest, source.fd);
    // The kernel takes sets of any size, fd_set's own is that of C libraries.
    constexpr int bits = 8 * sizeof(unsigned long);
    const auto words = static_cast<std::size_t>(highest / bits) + 1;
    const std::unique_ptr<unsigned long[]> sets(new (std::nothrow) unsigned long[3 * words]);
    if (!sets) {
        errno = ENOMEM;
        return -1;
    }
    const auto word = [&](std::size_t set, int fd) -> unsigned long& {
        return sets[set * words + static_cast<std::size_t>(fd / bits)];
    };
    constexpr short conditions[] = {POLLIN, POLLOUT, POLLPRI};
    const auto select_for = [&](int wait, bool with_ends) {
        std::fill_n(sets.get(), 3 * words, 0UL);
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
        const auto set_at = [&](std::size_t set) { return reinterpret_cast<fd_set*>(sets.get() + set * words); };
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
