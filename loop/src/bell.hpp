// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/poll.hpp>
#include <pollux/process.hpp>

#include <array>
#include <atomic>
#include <optional>
#include <system_error>

/// What of signals differs between systems: bell_posix.cpp, bell_windows.cpp.
namespace pollux::loop {

/// Signals have numbers from 1 to below this, on every system.
inline constexpr int signal_limit = 128;

/// What a handler rings, so that a Loop looks which signals have arrived.
class Bell {
  public:
    /// Errors: std::system_error
    explicit Bell(const PollRegistrator& registrator);
    ~Bell();
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;

    /// From a handler of signals, in any thread: nothing that such a handler may not do. An error: nobody was woken.
    /// In a forked child, whose parent reads the other end, it does nothing before reopen().
    std::error_code ring() noexcept;
    void silence() noexcept;
    /// In a forked child, makes one of its own, with the same source. Errors: then it is as it was.
    std::error_code reopen() noexcept;

    /// What becomes readable when it is rung; none: the engine is woken instead.
    std::optional<Source> source() const noexcept;

  private:
#ifdef _WIN32
    PollRegistrator registrator_;
#else
    std::array<int, 2> ends_{}; // read, write
    std::atomic<OwnerProcess> owner_ = OwnerProcess();
#endif
};

/// Has a signal call signal_arrived(), if it does not yet: in turns with release_signal().
///
/// Errors: invalid_argument, operation_not_supported
std::error_code catch_signal(int signal) noexcept;
/// Restores what the signal did before.
void release_signal(int signal) noexcept;

/// Called by the handlers.
void signal_arrived(int signal) noexcept;

/// What signals.cpp does around fork(): before it, and after it in the parent and in the child.
void lock_signals() noexcept;
void unlock_signals() noexcept;
void begin_child_of_fork() noexcept;

/// Whether fork(), where there is one, calls these: arranged for before main(). Errors: not_enough_memory
std::error_code is_called_around_fork() noexcept;

} // namespace pollux::loop
