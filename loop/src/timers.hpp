// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "cold_data.hpp"
#include "free_indexes.hpp"
#include "slots.hpp"

#include <pollux/loop/callback.hpp>
#include <pollux/time/clock.hpp>
#include <pollux/time/timer_wheel.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace pollux::loop {

/// Converts a time for the wheel; a negative one is zero.
inline std::uint64_t not_negative(std::chrono::nanoseconds time) noexcept {
    return static_cast<std::uint64_t>(std::max(time, time.zero()).count());
}
/// Returns the time of a clock in nanoseconds.
std::uint64_t now_of(const time::Clock& clock) noexcept;
/// Returns the time `duration` after `now`; one that 64 bits cannot hold is their largest value.
std::uint64_t after(std::uint64_t now, std::chrono::nanoseconds duration) noexcept;

/// A TimerSlot is the target of a Timer, with all data that setting it needs: two fit into a cache line.
class alignas(32) TimerSlot final : public HandleTarget, public time::TimerNode {
  public:
    explicit TimerSlot(std::uint32_t index) noexcept : index_(index) {}

    /// Returns whether the timer will fire.
    bool is_set() const noexcept { return position_ != 0 || is_pending(); }
    /// Returns whether it is neither unscheduled nor in the background, as almost all are.
    bool is_plain() const noexcept { return (position_ | std::uint8_t{background_}) == 0; }

  private:
    friend class Timers;
    std::uint32_t index_;
    std::uint8_t position_ = 0; // among the unscheduled ones, counted from 1; 0: it is not one
    bool background_ = false;
};

/// A Timers object owns the timers of a Loop. A timer that was set to fire after a duration is unscheduled: it goes
/// into the wheel when the clock is read next, so that it is not early, and setting it need not read the clock. When
/// there are many, the clock is read once for all of them, while they are still in the cache.
class Timers final : public HandleOwner {
  public:
    /// `clock` is that of the Poll, which replaces it when it is opened again.
    Timers(ReadyLists& lists, const time::Clock& clock) : lists_(lists), clock_(clock), wheel_(now_of(clock)) {}

    /// Adds a timer that is not set. `period` is zero for none.
    TimerSlot& add(Callback<void()> callback, std::chrono::nanoseconds period);

    // Inline, since a program that sets a timer for each request sets many. The rare path is a tail call, so that the
    // compiler saves no registers for it.
    void set(TimerSlot& slot, std::chrono::nanoseconds after) noexcept {
        if (!slot.is_plain()) return set_other(slot, after);
        remove_if_due(slot);
        add_unscheduled(slot, after);
    }
    void set(TimerSlot& slot, std::chrono::steady_clock::time_point at) noexcept;
    void cancel(TimerSlot& slot) noexcept { slot.is_plain() ? wheel_.cancel(slot) : cancel_other(slot); }
    std::uint64_t missed(const TimerSlot& slot) noexcept { return cold_data_[slot.index_].missed; }
    void require_thread(const char* call) const noexcept { require_own_thread(lists_.thread, call); }
    void close(HandleTarget& target) noexcept override;
    void set_background(HandleTarget& target, bool background) noexcept override;

    /// Returns whether a timer is set that is not in the background.
    bool keeps_running() const noexcept {
        return wheel_.pending() > in_background_ || (unscheduled_count_ != 0 && pending() > in_background_);
    }
    bool any() const noexcept { return limit_ || unscheduled_count_ != 0 || wheel_.pending() != 0; }
    bool has_due() const noexcept { return wheel_.has_due(); }
    /// Returns false if it is not worth the reading of the clock that decides whether a timer is due: none was, when it
    /// was read last, and the next one is far from what a cheaper clock shows.
    bool may_be_due() noexcept {
        return limit_ || unscheduled_count_ != 0 || (wheel_.pending() != 0 && is_next_near());
    }

    /// Returns the number of timers that are set.
    std::size_t pending() const noexcept;

    /// Returns whether timers are not in the wheel yet, because their durations have not begun.
    bool has_unscheduled() const noexcept { return unscheduled_count_ != 0; }
    /// Puts the unscheduled timers into the wheel.
    void schedule_all(std::uint64_t now) noexcept;
    /// Advances the wheel to `now`.
    void advance(std::uint64_t now) noexcept;
    /// Returns the next timer that is due, already set again if it has a period; null if there is none.
    TimerSlot* pop_due() noexcept;
    /// Returns for how long no timer will be due; none: for ever.
    std::optional<std::chrono::nanoseconds> quiet_time(std::uint64_t now) const noexcept;
    /// Returns when the next timers of the wheel are due; none: never. Timers of one tick share a wake-up by the steady
    /// clock. By the clock of a Selector they do not, so that a simulation calls them at their times.
    std::optional<std::uint64_t> next_deadline() const noexcept {
        return clock_.is_steady() ? wheel_.next_deadline() : wheel_.next_exact_deadline();
    }

    /// Makes the next turn read the clock and advance the wheel: a timer is due, or will be by then.
    void expect_due() noexcept { quiet_until_ = 0; }
    /// Destroys the callbacks of a Loop that is being destroyed.
    void clear_callbacks() noexcept {
        for (std::uint32_t index = 0; index < cold_data_.size(); ++index) cold_data_[index].callback.clear();
    }

    /// Returns whether a TimeLimit is over.
    bool is_over_limit() const noexcept { return over_limit_; }

    void call(TimerSlot& slot) { cold_data_[slot.index_].callback(); }

    /// Destroys the callback of the first timer that ended in a turn; returns false if there is none.
    bool close_ended() noexcept;
    bool has_ended() const noexcept { return first_ended_ != none; }

  private:
    friend class TimeLimit;
    static constexpr unsigned coarse_readings = 32; // of the coarse clock between two of the steady clock
    static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

    /// The index that follows `index` in the list of timers that have ended, or of those that are free. It takes the
    /// place of `missed`, which these do not need.
    std::uint64_t& behind(std::uint64_t index) noexcept { return cold_data_[static_cast<std::uint32_t>(index)].missed; }
    void close(std::uint64_t index) noexcept;
    void release_excess() noexcept;
    void set_again(TimerSlot& slot, ColdData& cold) noexcept;
    void insert(TimerSlot& slot, std::uint64_t deadline) noexcept;
    /// Leaves a timer in the wheel until the clock is read, unless it could fire before.
    void remove_if_due(TimerSlot& slot) noexcept {
        if (slot.is_pending() && wheel_.has_due()) wheel_.cancel(slot);
    }
    void add_unscheduled(TimerSlot& slot, std::chrono::nanoseconds after) noexcept {
        const auto count = unscheduled_count_;
        unscheduled_[count] = {&slot, not_negative(after)};
        slot.position_ = static_cast<std::uint8_t>(count + 1);
        unscheduled_count_ = count + 1;
        if (count + 1 == unscheduled_.size()) schedule_all_now();
    }
    void set_other(TimerSlot& slot, std::chrono::nanoseconds after) noexcept;
    void cancel_other(TimerSlot& slot) noexcept;
    void remove_unscheduled(TimerSlot& slot) noexcept;
    void schedule_all_now() noexcept;
    void fetch_due() noexcept;
    std::uint64_t recently() const noexcept;
    bool is_next_near() noexcept;

    struct Unscheduled {
        TimerSlot* slot; // null: the timer was set again, or cancelled; otherwise its position_ refers to this
        std::uint64_t after;
    };

    ReadyLists& lists_;
    const time::Clock& clock_;
    Blocks<TimerSlot> slots_;
    Blocks<ColdData> cold_data_; // of the slots with the same indexes
    FreeIndexes free_;
    std::uint64_t first_ended_ = none;
    std::uint64_t last_ended_ = none;
    std::size_t fetched_ = 0;                 // the timers that are popped before more are prefetched
    std::array<Unscheduled, 64> unscheduled_; // in the order in which they were set
    std::size_t unscheduled_count_ = 0;
    std::size_t in_background_ = 0; // timers that are set
    std::optional<std::uint64_t> limit_;
    bool over_limit_ = false;
    std::uint64_t now_ = 0;
    std::uint64_t quiet_until_ = 0; // no timer of the wheel is due before
    unsigned coarse_left_ = coarse_readings;
    time::TimerWheel wheel_; // destroyed before its nodes
};

/// A TimeLimit sets the end of run_for() while it lives. It is not a timer of the wheel, which due timers before it
/// could delay.
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
