// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "agenda.hpp"

#include <pollux/callback.hpp>
#include <pollux/timer_wheel.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace pollux::loop {

/// The steady clock in nanoseconds, as the wheel takes it.
std::uint64_t steady_now() noexcept;
/// So long after now; what 64 bits cannot hold is their largest value.
std::uint64_t after(std::chrono::nanoseconds duration) noexcept;

class Timers;

/// What a Timer stands for: one line of the cache, with all that setting it needs.
class alignas(64) TimerSlot final : public Slot, public TimerNode {
  public:
    explicit TimerSlot(Agenda& agenda) noexcept : Slot(agenda, Kind::timer) {}

    void call();
    void close() noexcept override;

    void set(std::chrono::nanoseconds after) noexcept;
    void set(std::chrono::steady_clock::time_point at) noexcept;
    void cancel() noexcept;
    std::uint64_t missed() const noexcept;

  private:
    friend class Timers;
    void let_go() noexcept override { cancel(); }
};

/// What is needed when a timer fires.
struct Firing {
    std::uint64_t period = 0; // none
    std::uint64_t missed = 0;
    Callback<void()> callback;
};

/// The timers of a Loop. One that was set to fire after a duration is fresh: it goes into the wheel when the clock is
/// read next, so that it is not early, and setting it need not read the clock. When there are many, it is read for
/// all of them, while they are still in the cache.
class Timers {
  public:
    explicit Timers(Agenda& agenda) : agenda_(agenda), wheel_(steady_now()) { agenda.timers = this; }

    /// Not set yet. `period`: zero for none.
    TimerSlot& add(Callback<void()> callback, std::chrono::nanoseconds period);

    bool any() const noexcept { return limit_ || fresh_count_ != 0 || wheel_.pending() != 0; }
    bool has_due() const noexcept { return wheel_.has_due(); }
    /// False: nothing is, and it cost little to find out.
    bool may_be_due() const noexcept;

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
    Firing& firing(const TimerSlot& slot) noexcept { return firings_[slot.number()]; }
    void set_again(TimerSlot& slot, Firing& firing) noexcept;
    // Inline, as who sets a timer for each request sets many.
    void insert(TimerSlot& slot, std::uint64_t deadline) noexcept {
        wheel_.insert(slot, deadline);
        quiet_until_ = std::min(quiet_until_, deadline);
    }
    void add_fresh(TimerSlot& slot, std::uint64_t after) noexcept {
        if (fresh_count_ == fresh_.size()) settle(steady_now());
        const auto place = fresh_count_;
        fresh_[place] = {&slot, after};
        fresh_count_ = place + 1;
        slot.place_ = static_cast<std::uint8_t>(place + 1);
    }
    void take_out(TimerSlot& slot) noexcept {
        if (slot.place_ == 0) return wheel_.cancel(slot);
        take_out_fresh(slot);
    }
    void take_out_fresh(TimerSlot& slot) noexcept;

    struct Fresh {
        TimerSlot* slot; // null: it was set again, or cancelled; otherwise this is in its place, counted from 1
        std::uint64_t after;
    };

    Agenda& agenda_;
    Slots<TimerSlot> slots_;
    std::deque<Firing> firings_;  // by the number of the slot
    std::array<Fresh, 64> fresh_; // in the order in which they were set
    std::size_t fresh_count_ = 0;
    std::optional<std::uint64_t> limit_;
    bool over_limit_ = false;
    std::uint64_t now_ = 0;
    std::uint64_t quiet_until_ = 0; // nothing in the wheel is due before
    TimerWheel wheel_;              // dies before its nodes
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
