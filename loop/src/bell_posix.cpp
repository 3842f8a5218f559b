// SPDX-License-Identifier: BSL-1.0
// Signals as POSIX has them: sigaction(2), and a pair of sockets that wakes the Loop.
#include "bell.hpp"

#include <pollux/posix.hpp>

#include <cerrno>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pollux::loop {
namespace {

struct sigaction before[signal_limit];

extern "C" void pollux_on_signal(int signal) {
    const int error = errno; // of whatever was interrupted
    signal_arrived(signal);
    errno = error;
}

/// Whether returning from a handler makes the same fault again, for ever.
bool is_fault(int signal) noexcept {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
}

} // namespace

// Sockets, not a pipe: each engine has them.
Bell::Bell(const PollRegistrator&) {
#ifdef SOCK_CLOEXEC // from the start, or a child that another thread starts at this moment inherits them
    constexpr int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
#else
    constexpr int type = SOCK_STREAM;
#endif
    if (socketpair(AF_UNIX, type, 0, ends_.data()) == -1)
        throw std::system_error(errno, std::system_category(), "pollux: socketpair, for signals");
    int error = 0;
    for (int& end : ends_) {
        end = posix::above_standard_streams(end);
        if (end == -1) error = errno;
#ifndef SOCK_CLOEXEC
        fcntl(end, F_SETFD, FD_CLOEXEC);
        fcntl(end, F_SETFL, O_NONBLOCK);
#endif
    }
    if (error == 0) return;
    for (const int end : ends_) {
        if (end != -1) close(end);
    }
    throw std::system_error(error, std::system_category(), "pollux: fcntl(F_DUPFD_CLOEXEC), for signals");
}

Bell::~Bell() {
    for (const int end : ends_) close(end);
}

void Bell::ring() noexcept {
    // Full is as good as written. A child that was forked rings here too, and the Loop finds that nothing arrived.
    [[maybe_unused]] const auto written = write(ends_[1], "", 1);
}

void Bell::silence() noexcept {
    std::array<char, 256> bytes;
    while (read(ends_[0], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {}
}

std::optional<Source> Bell::source() const noexcept { return ends_[0]; }

std::error_code catch_signal(int signal) noexcept {
    if (is_fault(signal)) return make_error_code(std::errc::operation_not_supported);
    struct sigaction action {};
    action.sa_handler = pollux_on_signal;
    // What the program is about in the kernel goes on, and a handler's own stack is used where there is one.
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    return sigaction(signal, &action, &before[signal]) == -1 ? std::error_code(errno, std::system_category())
                                                             : std::error_code();
}

void release_signal(int signal) noexcept { sigaction(signal, &before[signal], nullptr); }

} // namespace pollux::loop
