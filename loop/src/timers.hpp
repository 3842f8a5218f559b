// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "agenda.hpp"

#include <pollux/callback.hpp>
#include <pollux/timer_wheel.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace pollux::loop {

/// The steady clock in nanoseconds, as the wheel takes it.
std::uint64_t steady_now() noexcept;
/// So long after now; what 64 bits cannot hold is their largest value.
std::uint64_t after(std::chrono::nanoseconds duration) noexcept;

class Timers;

/// What a Timer stands for.
class TimerSlot final : public Slot, public TimerNode {
  public:
    TimerSlot(Agenda& agenda, Timers& timers) noexcept : Slot(agenda, Kind::timer), timers_(timers) {}

    void call() override { callback_(); }
    void close() noexcept override;

    void set(std::chrono::nanoseconds after) noexcept;
    void set(std::chrono::steady_clock::time_point at) noexcept;
    void cancel() noexcept;
    std::uint64_t missed() const noexcept { return missed_; }

  private:
    friend class Timers;
    void let_go() noexcept override { cancel(); }

    Timers& timers_;
    Callback<void()> callback_;
    std::uint64_t period_ = 0; // none
    std::uint64_t after_ = 0;  // of a timer in the list of fresh ones
    std::uint64_t missed_ = 0;
};

/// The timers of a Loop. One that was set to fire after a duration is fresh: it goes into the wheel when the clock is
/// read next, so that setting it reads no clock and it is not early.
class Timers {
  public:
    explicit Timers(Agenda& agenda) : agenda_(agenda), wheel_(steady_now()) {}

    /// Not set yet. `period`: zero for none.
    TimerSlot& add(Callback<void()> callback, std::chrono::nanoseconds period);

    bool any() const noexcept { return limit_ || !fresh_.empty() || wheel_.pending() != 0; }
    bool has_due() const noexcept { return wheel_.has_due(); }

    /// Puts the fresh ones into the wheel.
    void settle(std::uint64_t now) noexcept;
    /// Moves the wheel to `now`.
    void advance(std::uint64_t now) noexcept;
    /// The next that is due: already set again if it has a period. Null if there is none.
    TimerSlot* pop_due() noexcept;
    /// How long nothing will be due; none: for ever.
    std::optional<std::chrono::nanoseconds> quiet_time(std::uint64_t now) const noexcept;

    /// Whether a TimeLimit is over.
    bool is_over_limit() const noexcept { return over_limit_; }

    void forget_handles() noexcept;

  private:
    friend class TimerSlot;
    friend class TimeLimit;
    void set_again(TimerSlot& slot) noexcept;

    Agenda& agenda_;
    Slots<TimerSlot> slots_;
    List<TimerSlot> fresh_;
    std::optional<std::uint64_t> limit_;
    bool over_limit_ = false;
    std::uint64_t now_ = 0;
    TimerWheel wheel_; // dies before its nodes
};

/// The end of run_for(), while this lives. No timer of the wheel: those that are due before could keep it waiting.
class TimeLimit {
  public:
    TimeLimit(Timers& timers, std::chrono::nanoseconds duration) noexcept;
    ~TimeLimit();
    TimeLimit(const TimeLimit&) = delete;
    TimeLimit& operator=(const TimeLimit&) = delete;

  private:
    Timers& timers_;
};

} // namespace pollux::loop
