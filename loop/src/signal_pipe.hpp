// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/poll.hpp>
#include <pollux/process.hpp>

#include <array>
#include <atomic>
#include <optional>
#include <system_error>

/// The functions of signals that differ between systems: signal_pipe_posix.cpp, signal_pipe_windows.cpp.
namespace pollux::loop {

/// Signals are numbered from 1 to below this, on every system.
inline constexpr int signal_limit = 128;

/// A SignalPipe wakes a Loop from a signal handler, as in the self-pipe trick: the Loop then collects the signals that
/// have arrived.
class SignalPipe {
  public:
    /// Errors: std::system_error
    explicit SignalPipe(const PollRegistrator& registrator);
    ~SignalPipe();
    SignalPipe(const SignalPipe&) = delete;
    SignalPipe& operator=(const SignalPipe&) = delete;

    /// Wakes the Loop; async-signal-safe, in any thread. After an error the Loop was not woken. In a forked child,
    /// whose parent reads the other end, this does nothing before reopen().
    std::error_code submit_wakeup() noexcept;
    /// Reads what submit_wakeup() sent.
    void drain() noexcept;
    /// In a forked child, opens a new pair with the same file descriptors. After an error nothing has changed.
    std::error_code reopen() noexcept;

    /// The source that submit_wakeup() makes readable; none if it wakes the backend instead.
    std::optional<Source> source() const noexcept;

  private:
#ifdef _WIN32
    PollRegistrator registrator_;
#else
    std::array<int, 2> ends_{}; // read, write
    std::atomic<OwnerProcess> owner_ = OwnerProcess();
#endif
};

/// Installs a handler that calls signal_arrived(). Calls alternate with those of release_signal().
///
/// Errors: invalid_argument, operation_not_supported
std::error_code catch_signal(int signal) noexcept;
/// Restores the former disposition of the signal.
void release_signal(int signal) noexcept;

/// Called by the handlers.
void signal_arrived(int signal) noexcept;

/// Constructs what the handlers of pthread_atfork(3) use; returns whether there was memory for it.
bool prepare_signals_for_fork() noexcept;

/// The handlers of pthread_atfork(3), which signals.cpp defines: before fork(), and after it in the parent and the
/// child.
void lock_signals() noexcept;
void unlock_signals() noexcept;
void begin_child_of_fork() noexcept;

/// Returns whether they were registered, before main(), on a system that has fork(). Errors: not_enough_memory
std::error_code is_called_around_fork() noexcept;

} // namespace pollux::loop
