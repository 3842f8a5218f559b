// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/handle.hpp>

#include <chrono>
#include <cstdint>

namespace pollux::loop {

/// A Timer is a handle that owns a timer of a Loop. A timer that has fired, or was cancelled, can be set again.
///
/// A duration begins when the Loop reads the clock the next time: at the beginning of its next turn, before it sleeps,
/// or when 64 timers have been set since the last reading. So no timer is early, even if callbacks take long, and
/// setting a timer does not read the clock.                                                       [timer.never_early]
/// A negative duration is zero, and one that 64 bits cannot hold (584 years) is their largest value.
///
/// Threads and Lifetime: as for Handle. Setting it again allocates nothing.             [timer.rearm]
class Timer : public Handle {
  public:
    Timer() noexcept = default;

    /// Sets the timer, pending or not, to fire after a duration or at a time, and then after each period if every()
    /// made it.
    void rearm(std::chrono::nanoseconds after) noexcept;
    void rearm(std::chrono::steady_clock::time_point at) noexcept;

    /// Keeps the timer from firing until it is set again.
    void cancel() noexcept;

    /// Returns whether the timer will fire.
    bool is_pending() const noexcept;

    /// Returns how many periods were skipped because the last call was late; for every() only.
    ///                                                                                  [timer.missed]
    std::uint64_t missed() const noexcept;

  private:
    friend class Loop;
    using Handle::Handle;
};

} // namespace pollux::loop
