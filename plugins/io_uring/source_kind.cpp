// SPDX-License-Identifier: BSL-1.0
#include "source_kind.hpp"

#include <cerrno>

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pollux::io_uring {

SourceKind kind_of(Source source) noexcept {
    struct stat status {};
    if (fstat(source, &status) == -1 || S_ISFIFO(status.st_mode)) return SourceKind::pollable;
    if (S_ISSOCK(status.st_mode)) return SourceKind::socket;
    if (S_ISDIR(status.st_mode)) return SourceKind::always_ready;
    // The type of the others does not decide: /proc/self/mounts is a regular file that can be polled, /dev/null a
    // device that cannot. epoll_ctl(2) refuses exactly those without a poll operation (file_can_poll() in
    // linux/poll.h).
    const int set = epoll_create1(EPOLL_CLOEXEC);
    if (set == -1) return SourceKind::unknown;
    epoll_event nothing{};
    const bool is_refused = epoll_ctl(set, EPOLL_CTL_ADD, source, &nothing) == -1;
    const auto kind = !is_refused                          ? SourceKind::pollable
                      : errno == EPERM                     ? SourceKind::always_ready
                      : errno == ENOMEM || errno == ENOSPC ? SourceKind::unknown
                                                           : SourceKind::pollable;
    close(set);
    return kind;
}

} // namespace pollux::io_uring
