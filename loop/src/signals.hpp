// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "bell.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <system_error>

namespace pollux::loop {

/// What handlers write and a Loop reads. Handlers walk over all there are, so none is ever freed: a Loop that dies
/// leaves its own to the next one.
struct Inbox {
    std::array<std::atomic<bool>, signal_limit> wanted{};
    std::array<std::atomic<bool>, signal_limit> arrived{};
    std::atomic<Bell*> bell = nullptr;
    std::atomic<bool> taken = true;
    std::atomic<int> failure = 0; // of the last ring, as a code of the system; 0: it rang
    Inbox* next = nullptr;
};

/// The signals that one Loop watches.
///
/// Threads: one at a time; handlers run in any.
class Signals {
  public:
    /// Errors: std::system_error, std::bad_alloc
    explicit Signals(const PollRegistrator& registrator);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    std::optional<Source> source() const noexcept { return bell_.source(); }

    /// Once for each watcher.
    std::error_code add(int signal) noexcept;
    void remove(int signal) noexcept;

    /// What kept a handler from waking the Loop since the last call, or none: collect() then.
    std::error_code take_failure() noexcept {
        if (inbox_.failure.load(std::memory_order_relaxed) == 0) return {};
        return {inbox_.failure.exchange(0), std::system_category()};
    }

    /// In a forked child: from now on signals of the child ring, and wake nobody else.
    std::error_code reopen() noexcept { return bell_.reopen(); }

    /// Calls `tell` with each signal that has arrived since.
    void collect(const auto& tell) noexcept {
        bell_.silence(); // before the look: what arrives behind it rings again
        for (int signal = 1; signal < signal_limit; ++signal) {
            if (take(signal)) tell(signal);
        }
    }

  private:
    bool take(int signal) noexcept;

    Bell bell_;
    Inbox& inbox_;
    std::array<unsigned, signal_limit> watchers_{};
};

} // namespace pollux::loop
