// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <system_error>

namespace pollux {

/// A PendingWake merges wakes that no select() has collected into one: for authors of plugins.
///
///     idle ──a wake was delivered──▶ pending ──collect()──▶ idle, of the next generation
///
/// A wake is pending only after its delivery has succeeded, so a caller whose wake is merged into it depends on nothing
/// that can still fail. A caller that arrives while another one delivers sees no pending wake, and delivers its own.
/// Only collect() begins a generation: a caller that records its delivery late does not mark a later generation.
///
/// Both sides are read-modify-write operations on one word. So what a caller wrote before wake() is visible after the
/// collect() of its event, whether or not the wake was merged: each operation of wake() is followed, in the order of
/// that word, by the exchange of that collect(). tests/notify/model/pending_wake_test.cpp tries all interleavings.
///
/// Threads: any thread calls wake(); the thread that is in select() calls collect().
template <template <typename> class Atomic = std::atomic>
class PendingWake {
  public:
    /// Calls `deliver`, which returns a std::error_code, unless a delivered wake is still pending. Returns its error.
    [[nodiscard]] std::error_code wake(auto&& deliver) noexcept {
        // Adds nothing: a load would not be in the order of the word.
        auto seen = state_.fetch_add(0, std::memory_order_acq_rel);
        if (seen & pending) return {};
        if (const std::error_code error = deliver()) return error;
        state_.compare_exchange_strong(seen, seen | pending, std::memory_order_acq_rel, std::memory_order_relaxed);
        return {};
    }

    /// Ends the pending wake, for the event that is reported now.
    void collect() noexcept {
        generation_ += 2;
        state_.exchange(generation_, std::memory_order_acq_rel);
    }

  private:
    static constexpr std::uint64_t pending = 1;

    Atomic<std::uint64_t> state_{0};
    std::uint64_t generation_ = 0; // used by collect() only
};

} // namespace pollux
