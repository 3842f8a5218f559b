// SPDX-License-Identifier: BSL-1.0
#include "calls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/syscall.h>

namespace pollux::failing_calls {
namespace {

// The errors of the manual pages that a correct program can receive.
constexpr std::array no_descriptor{EMFILE, ENFILE, ENOMEM};
constexpr std::array no_memory{ENOMEM};
constexpr std::array no_watch{ENOMEM, ENOSPC};
constexpr std::array interrupted{EINTR};
constexpr std::array no_poll{ENOMEM, EINTR};
constexpr std::array no_write{ENOBUFS, ENOMEM, EINTR};
constexpr std::array no_read{EIO, EINTR};
constexpr std::array no_receive{ENOMEM, EINTR};
constexpr std::array no_socket{EMFILE, ENFILE, ENOBUFS, ENOMEM};
constexpr std::array no_ring{ENOMEM, EMFILE, EPERM, ENOSYS};
constexpr std::array no_enter{EAGAIN, EBUSY, EINTR, ENOMEM};
constexpr std::array no_mapping{ENOMEM, EAGAIN};
constexpr std::array no_file{EMFILE, ENFILE, ENOMEM, EACCES, EIO};
constexpr std::array no_status{ENOMEM, EACCES, EIO};

constexpr std::array all{
    Call{SYS_epoll_create1, "epoll_create1", no_descriptor},
    Call{SYS_epoll_ctl, "epoll_ctl", no_watch},
    Call{SYS_epoll_wait, "epoll_wait", interrupted},
    Call{SYS_epoll_pwait2, "epoll_pwait2", interrupted},
    Call{SYS_eventfd2, "eventfd2", no_descriptor},
    Call{SYS_timerfd_create, "timerfd_create", no_descriptor},
    Call{SYS_timerfd_settime, "timerfd_settime", no_memory},
    Call{SYS_pipe2, "pipe2", no_descriptor},
    Call{SYS_pipe, "pipe", no_descriptor},
    Call{SYS_socketpair, "socketpair", no_socket},
    Call{SYS_fcntl, "fcntl", no_descriptor},
    Call{SYS_ioctl, "ioctl", no_memory},
    Call{SYS_poll, "poll", no_poll},
    Call{SYS_ppoll, "ppoll", no_poll},
    Call{SYS_read, "read", no_read},
    Call{SYS_write, "write", no_write},
    Call{SYS_recvfrom, "recvfrom", no_receive},
    Call{SYS_sendto, "sendto", no_write},
    Call{SYS_io_uring_setup, "io_uring_setup", no_ring},
    Call{SYS_io_uring_enter, "io_uring_enter", no_enter},
    Call{SYS_io_uring_register, "io_uring_register", no_memory},
    Call{SYS_mmap, "mmap", no_mapping},
    Call{SYS_madvise, "madvise", no_memory},
    Call{SYS_rt_sigaction, "rt_sigaction", no_memory},
    Call{SYS_openat, "openat", no_file},
    Call{SYS_getdents64, "getdents64", no_read},
    Call{SYS_fstat, "fstat", no_status},
    Call{SYS_newfstatat, "newfstatat", no_status},
};

} // namespace

std::span<const Call> calls() { return all; }

const Call* find_call(int number) {
    const auto found = std::ranges::find(all, number, &Call::number);
    return found == all.end() ? nullptr : &*found;
}

std::string error_name(int error) {
    const char* const name = strerrorname_np(error);
    return name ? name : std::to_string(error);
}

} // namespace pollux::failing_calls
