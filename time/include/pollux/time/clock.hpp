// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace pollux::time {

/// A ClockSource is a clock that a program has instead of std::chrono::steady_clock, such as the time of a simulation.
/// It is the extension of a Selector whose timeouts end by this clock: Poll and Loop then measure by it, too.
///
/// A Selector with this extension:
///     never turns its clock back, and offers the same clock each time                  [clock.never_backwards]
///     ends no select() that returns no event before its timeout is over by this clock, unless a signal handler ran
///                                                                                      [clock.timeouts]
/// Of two Selectors that follow each other in a Poll or Loop, by reopen(), the second must not have a clock that is
/// behind that of the first: points in time stay what they are.
class ClockSource {
  public:
    static constexpr char id[] = "pollux.clock/1";

    /// Returns the present time, with an epoch of the clock's own.
    /// Threads: any.
    virtual std::chrono::steady_clock::time_point now() const noexcept = 0;

    ClockSource(const ClockSource&) = delete;
    ClockSource& operator=(const ClockSource&) = delete;

  protected:
    ClockSource() = default;
    ~ClockSource() = default;
};

/// A Clock is what time is read from: the steady clock, or that of a ClockSource, which has to outlive it. It is a
/// value, to be copied and passed.
class Clock {
  public:
    Clock() noexcept = default;
    /// `source`: null for the steady clock.
    explicit Clock(const ClockSource* source) noexcept : source_(source) {}

    std::chrono::steady_clock::time_point now() const noexcept {
        if (source_ != nullptr) [[unlikely]]
            return source_->now();
        return std::chrono::steady_clock::now();
    }

    /// Returns whether it is std::chrono::steady_clock.
    bool is_steady() const noexcept { return source_ == nullptr; }

  private:
    const ClockSource* source_ = nullptr;
};

} // namespace pollux::time
