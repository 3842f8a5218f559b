// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "signal_pipe.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <system_error>

namespace pollux::loop {

/// A PendingSignals object records the signals that handlers report to one Loop. Handlers visit all of these objects,
/// so none is ever freed: the next Loop reuses that of a Loop that was destroyed.
struct PendingSignals {
    std::array<std::atomic<bool>, signal_limit> wanted{};
    std::array<std::atomic<bool>, signal_limit> arrived{};
    std::atomic<SignalPipe*> pipe = nullptr;
    std::atomic<bool> taken = true;
    std::atomic<int> failure = 0; // of the last submit_wakeup(), as an error number of the system; 0: none
    PendingSignals* next = nullptr;
};

/// A Signals object catches the signals that one Loop watches, and returns those that have arrived.
///
/// Threads: one thread at a time may use it; handlers run in any thread.
class Signals {
  public:
    /// Errors: std::system_error, std::bad_alloc
    explicit Signals(const PollRegistrator& registrator);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    std::optional<Source> source() const noexcept { return pipe_.source(); }

    /// Called once for each watcher.
    std::error_code add(int signal) noexcept;
    void remove(int signal) noexcept;

    /// Returns the error with which a handler failed to wake the Loop since the last call; the caller then calls
    /// collect().
    std::error_code take_failure() noexcept {
        if (pending_.failure.load(std::memory_order_relaxed) == 0) return {};
        return {pending_.failure.exchange(0), std::generic_category()};
    }

    /// In a forked child, makes signals of the child wake its own Loop, and no other.
    std::error_code reopen() noexcept { return pipe_.reopen(); }

    /// Calls `report` with each signal that has arrived since.
    void collect(const auto& report) noexcept {
        pipe_.drain(); // before the check: a signal that arrives after it wakes again
        for (int signal = 1; signal < signal_limit; ++signal) {
            if (take(signal)) report(signal);
        }
    }

  private:
    bool take(int signal) noexcept;

    SignalPipe pipe_;
    PendingSignals& pending_;
    std::array<unsigned, signal_limit> watchers_{};
};

} // namespace pollux::loop
