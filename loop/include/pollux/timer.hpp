// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/handle.hpp>

#include <chrono>
#include <cstdint>

namespace pollux {

/// A timer of a Loop: ends when this dies. One that has fired, or was cancelled, can be set again.
///
/// A duration counts from the next time the Loop reads the clock: at the beginning of its next turn, before it sleeps,
/// or when 64 are set that wait for it. So none is early [timer.never_early], however long callbacks take, and setting
/// one costs no reading of its own. Negative is zero, and what 64 bits cannot hold (584 years) is their largest value.
///
/// Threads and Lifetime: as Handle. To set it again allocates nothing [timer.rearm].
class Timer : public Handle {
  public:
    Timer() noexcept = default;

    /// Sets it, pending or not: to fire in so long, and then in each period again if every() made it.
    void rearm(std::chrono::nanoseconds after) noexcept;
    void rearm(std::chrono::steady_clock::time_point at) noexcept;

    /// It does not fire until it is set again.
    void cancel() noexcept;

    /// Whether it is to fire.
    bool is_pending() const noexcept;

    /// How many periods the last call came too late for, so that they had none: of every() only [timer.missed].
    std::uint64_t missed() const noexcept;

  private:
    friend class Loop;
    using Handle::Handle;
};

} // namespace pollux
