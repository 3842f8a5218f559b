// SPDX-License-Identifier: BSL-1.0
// Signals under POSIX: sigaction(2), and a pair of sockets that wakes the Loop.
#include "signal_pipe.hpp"

#include <pollux/posix.hpp>

#include <cerrno>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace pollux::loop {
namespace {

struct sigaction before[signal_limit];

// Before main(), so that no other thread can fork() while a lock is held and this is not yet registered.
const int around_fork =
    prepare_signals_for_fork() ? pthread_atfork(lock_signals, unlock_signals, begin_child_of_fork) : ENOMEM;

extern "C" void pollux_on_signal(int signal) {
    const int error = errno; // of the code that was interrupted
    signal_arrived(signal);
    errno = error;
}

/// Returns whether the same fault recurs for ever if a handler returns.
bool is_fault(int signal) noexcept {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
}

/// Makes `old` a duplicate of `fresh`, in one step with close-on-exec where the system can. Retries after EINTR and
/// EBUSY (a race with open(2) under Linux).
bool replace_descriptor(int old, int fresh) noexcept {
    for (;;) {
#ifdef __linux__
        if (dup3(fresh, old, O_CLOEXEC) != -1) return true;
#else
        if (dup2(fresh, old) != -1) return fcntl(old, F_SETFD, FD_CLOEXEC) != -1;
#endif
        if (errno != EINTR && errno != EBUSY) return false;
    }
}

} // namespace

// Sockets, not a pipe: each backend can watch them, and a byte that no end can read raises no SIGPIPE.
SignalPipe::SignalPipe(const PollRegistrator&) {
    if (const auto error = posix::open_pair(ends_))
        throw std::system_error(error, "pollux: a pair of sockets, for signals");
}

SignalPipe::~SignalPipe() {
    for (const int end : ends_) close(end);
}

std::error_code SignalPipe::submit_wakeup() noexcept {
    if (!owner_.load(std::memory_order_acquire).is_current()) return {};
    // A failure, such as a lack of memory, is mostly over soon.
    for (int tries = 0;; ++tries) {
        const auto error = posix::send_byte(ends_[1]);
        if (!error || tries == 8) return error;
    }
}

std::error_code SignalPipe::reopen() noexcept {
    if (owner_.load(std::memory_order_relaxed).is_current()) return {};
    std::array<int, 2> fresh{};
    if (const auto error = posix::open_pair(fresh)) return error;
    // The new sockets get the same file descriptors: handlers may be running, and a watch refers to one. The parent's
    // are not affected.
    std::error_code error;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
        if (!error && !replace_descriptor(ends_[i], fresh[i])) error = {errno, std::generic_category()};
        close(fresh[i]);
    }
    if (!error) owner_.store(OwnerProcess(), std::memory_order_release);
    return error;
}

void SignalPipe::drain() noexcept { posix::drain(ends_[0]); }

std::optional<Source> SignalPipe::source() const noexcept { return ends_[0]; }

std::error_code is_called_around_fork() noexcept { return {around_fork, std::generic_category()}; }

std::error_code catch_signal(int signal) noexcept {
    if (is_fault(signal)) return make_error_code(std::errc::operation_not_supported);
    struct sigaction action {};
    action.sa_handler = pollux_on_signal;
    // System calls of the program are restarted, and the handler runs on the alternate stack if there is one.
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    return sigaction(signal, &action, &before[signal]) == -1 ? std::error_code(errno, std::generic_category())
                                                             : std::error_code();
}

void release_signal(int signal) noexcept { sigaction(signal, &before[signal], nullptr); }

} // namespace pollux::loop
