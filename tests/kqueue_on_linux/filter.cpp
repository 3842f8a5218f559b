// SPDX-License-Identifier: BSL-1.0
// The filters of descriptors, after filt_soread, filt_sowrite and filt_soexcept (FreeBSD sys/kern/uipc_socket.c,
// OpenBSD the same), filt_piperead and filt_pipewrite (sys/kern/sys_pipe.c) and filt_vfsread (sys/kern/vfs_subr.c).
//
// Linux does not report the pending error of a socket without clearing it, so the error of EV_EOF is always ECONNRESET.
// Nor does it report that this end has shut down writing: EVFILT_WRITE has no EV_EOF for that.
#include "filter.hpp"

#include <pollux/posix.hpp>

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kqueue_on_linux {
namespace {

/// Not fstat(2), which ThreadSanitizer would treat as a use of the descriptor by the program, which may close it.
struct statx status_of(int descriptor) noexcept {
    struct statx status {};
    statx(descriptor, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &status);
    return status;
}

/// The file type, such as S_IFSOCK; 0 if the descriptor is not open.
mode_t kind_of(int descriptor) noexcept { return status_of(descriptor).stx_mode & S_IFMT; }

short conditions_of(int descriptor) noexcept {
    pollfd watched{descriptor, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
    return pollux::posix::poll_now({&watched, 1}) == 1 ? watched.revents : short{0};
}

int option_of(int socket, int option) noexcept {
    int value = 0;
    socklen_t size = sizeof value;
    getsockopt(socket, SOL_SOCKET, option, &value, &size);
    return value;
}

int bytes_to_read(int descriptor) noexcept {
    int bytes = 0;
    return ioctl(descriptor, FIONREAD, &bytes) == 0 ? bytes : 0;
}

State ready(bool is_ready, bool is_end, bool has_error, std::int64_t data) noexcept {
    return {is_ready || is_end, is_end ? unsigned{EV_EOF} : 0, is_end && has_error ? unsigned{ECONNRESET} : 0, data};
}

State state_of_socket(Filter filter, int socket, short seen) noexcept {
    const bool has_error = (seen & POLLERR) != 0;
    if (filter == Filter::except) return ready((seen & POLLPRI) != 0, false, false, 0);
    // On a BSD, data is the length of the queue; Linux reports only that it is not empty.
    if (option_of(socket, SO_ACCEPTCONN) != 0) return ready(filter == Filter::read && (seen & POLLIN), false, false, 1);
    // Linux reports POLLHUP of a socket that was never connected, a BSD nothing. After an end POLLRDHUP is set, too.
    if ((seen & POLLHUP) && !(seen & POLLRDHUP)) return {};
    if (filter == Filter::read)
        return ready((seen & POLLIN) || has_error, (seen & POLLRDHUP) != 0, has_error, bytes_to_read(socket));
    return ready((seen & POLLOUT) || has_error, (seen & POLLHUP) != 0, has_error, option_of(socket, SO_SNDBUF));
}

/// pipe(7): POLLHUP is set for the reader without a writer, POLLERR for the writer without a reader.
State state_of_pipe(Filter filter, int pipe, short seen) noexcept {
    if (filter == Filter::read) return ready((seen & POLLIN) != 0, (seen & POLLHUP) != 0, false, bytes_to_read(pipe));
    return ready((seen & POLLOUT) != 0, (seen & POLLERR) != 0, false, fcntl(pipe, F_GETPIPE_SZ));
}

/// A file is readable while its pointer is not at its end.
State state_of_file(Filter filter, int file) noexcept {
    const auto left = static_cast<std::int64_t>(status_of(file).stx_size) - lseek(file, 0, SEEK_CUR);
    return ready(filter == Filter::write || left != 0, false, false, left);
}

} // namespace

bool is_socket(int descriptor) noexcept { return kind_of(descriptor) == S_IFSOCK; }

bool is_broken_pipe(int descriptor) noexcept {
    return kind_of(descriptor) == S_IFIFO && (conditions_of(descriptor) & POLLERR);
}

State state_of(Filter filter, int descriptor) noexcept {
    const short seen = conditions_of(descriptor);
    switch (kind_of(descriptor)) {
    case S_IFSOCK:
        return state_of_socket(filter, descriptor, seen);
    case S_IFIFO:
        return state_of_pipe(filter, descriptor, seen);
    case S_IFREG:
    case S_IFDIR:
        return state_of_file(filter, descriptor);
    default: // a terminal, for one
        return ready((seen & (filter == Filter::read ? POLLIN : POLLOUT)) != 0, (seen & POLLHUP) != 0, false,
                     bytes_to_read(descriptor));
    }
}

} // namespace kqueue_on_linux
