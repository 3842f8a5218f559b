// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "agenda.hpp"

#include <pollux/callback.hpp>
#include <pollux/timer_wheel.hpp>

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

/// As the wheel takes a time.
inline std::uint64_t not_negative(std::chrono::nanoseconds time) noexcept {
    return static_cast<std::uint64_t>(std::max(time, time.zero()).count());
}
/// The steady clock in nanoseconds.
std::uint64_t steady_now() noexcept;
/// So long after now; what 64 bits cannot hold is their largest value.
std::uint64_t after(std::chrono::nanoseconds duration) noexcept;

/// What a Timer stands for: all that setting it needs, two to a line of the cache.
class alignas(32) TimerSlot final : public Handled, public TimerNode {
  public:
    explicit TimerSlot(std::uint32_t number) noexcept : number_(number) {}

    /// Whether it is to fire.
    bool is_set() const noexcept { return place_ != 0 || is_pending(); }
    /// As almost all are: neither fresh nor in the background.
    bool is_plain() const noexcept { return (place_ | std::uint8_t{background_}) == 0; }

  private:
    friend class Timers;
    std::uint32_t number_;
    std::uint8_t place_ = 0; // among the fresh ones, counted from 1
    bool background_ = false;
};

/// What is needed when a timer fires: a line of the cache.
struct alignas(64) Firing {
    std::uint64_t period = 0; // none
    std::uint64_t missed = 0;
    Callback<void()> callback;
};

/// Which numbers of a table in Blocks are free, by block: the lowest one with a free number is used first, so that the
/// highest ones become empty and can be freed when a flood is over.
struct FreeNumbers {
    static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
    using Table = Blocks<Firing>;

    std::uint64_t lowest() const noexcept {
        return any == 0 ? none : first[static_cast<std::size_t>(std::countr_zero(any))];
    }
    /// After lowest(), of which `next` is what is behind it.
    void take_lowest(std::uint64_t next) noexcept {
        const auto block = static_cast<std::size_t>(std::countr_zero(any));
        first[block] = next;
        if (next == none) any &= any - 1;
        ++used[block];
    }
    void use_new(std::uint32_t number) noexcept { ++used[Table::block_of(number)]; }
    /// Returns what is behind it from now on.
    std::uint64_t give_back(std::uint32_t number) noexcept {
        const auto block = Table::block_of(number);
        --used[block];
        any |= std::uint32_t{1} << block;
        return std::exchange(first[block], number);
    }
    /// Whether a block and the one below are unused: then at most a quarter of the table is in use.
    bool is_excess(std::size_t block) const noexcept {
        constexpr std::size_t kept = 8; // blocks: 16,320 timers, a megabyte and a half
        return block >= kept && used[block] == 0 && used[block - 1] == 0;
    }
    void forget(std::size_t block) noexcept {
        first[block] = none;
        any &= ~(std::uint32_t{1} << block);
    }

    std::uint32_t any = 0;                                            // a bit for each block that has one
    std::array<std::uint64_t, Table::most_blocks> first = all_none(); // of those of a block
    std::array<std::uint32_t, Table::most_blocks> used{};

  private:
    static constexpr std::array<std::uint64_t, Table::most_blocks> all_none() noexcept {
        std::array<std::uint64_t, Table::most_blocks> all{};
        all.fill(none);
        return all;
    }
};

/// The timers of a Loop. One that was set to fire after a duration is fresh: it goes into the wheel when the clock is
/// read next, so that it is not early, and setting it need not read the clock. When there are many, it is read for
/// all of them, while they are still in the cache.
class Timers final : public Keeper {
  public:
    explicit Timers(Agenda& agenda) : agenda_(agenda), wheel_(steady_now()) {}

    /// Not set yet. `period`: zero for none.
    TimerSlot& add(Callback<void()> callback, std::chrono::nanoseconds period);

    // Inline, as who sets a timer for each request sets many; what is rare is called last, so that nothing is kept
    // over the call.
    void set(TimerSlot& slot, std::chrono::nanoseconds after) noexcept {
        if (!slot.is_plain()) return set_other(slot, after);
        take_if_due(slot);
        make_fresh(slot, after);
    }
    void set(TimerSlot& slot, std::chrono::steady_clock::time_point at) noexcept;
    void cancel(TimerSlot& slot) noexcept { slot.is_plain() ? wheel_.cancel(slot) : cancel_other(slot); }
    std::uint64_t missed(const TimerSlot& slot) noexcept { return firings_[slot.number_].missed; }
    void demand_thread(const char* call) const noexcept { demand_own_thread(agenda_.thread, call); }
    void end(Handled& handled) noexcept override;
    void set_background(Handled& handled, bool background) noexcept override;

    /// Whether one is set that is not in the background.
    bool keep_the_loop() const noexcept {
        return wheel_.pending() > in_background_ || (fresh_count_ != 0 && pending() > in_background_);
    }
    bool any() const noexcept { return limit_ || fresh_count_ != 0 || wheel_.pending() != 0; }
    bool has_due() const noexcept { return wheel_.has_due(); }
    /// False: nothing is, and it cost little to find out.
    bool may_be_due() noexcept { return limit_ || fresh_count_ != 0 || (wheel_.pending() != 0 && is_next_near()); }

    /// How many are set.
    std::size_t pending() const noexcept;

    /// Puts the fresh ones into the wheel.
    void settle(std::uint64_t now) noexcept;
    /// Moves the wheel to `now`.
    void advance(std::uint64_t now) noexcept;
    /// The next that is due: already set again if it has a period. Null if there is none.
    TimerSlot* pop_due() noexcept;
    /// How long nothing will be due; none: for ever.
    std::optional<std::chrono::nanoseconds> quiet_time(std::uint64_t now) const noexcept;

    /// A precise clock has shown that something is due, or will have by the next turn.
    void expect_due() noexcept { quiet_until_ = 0; }
    /// Destroys the callbacks of a Loop that is being destroyed.
    void clear_callbacks() noexcept {
        for (std::uint32_t number = 0; number < firings_.size(); ++number) firings_[number].callback.clear();
    }

    /// Whether a TimeLimit is over.
    bool is_over_limit() const noexcept { return over_limit_; }

    void call(TimerSlot& slot) { firings_[slot.number_].callback(); }

    /// Of those that ended in a turn, destroys the callback of the first. False: there is none.
    bool close_ended() noexcept;
    bool has_ended() const noexcept { return first_ended_ != none; }

  private:
    friend class TimeLimit;
    static constexpr unsigned rough_readings = 32; // between two of the steady clock
    static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

    /// The number of the one behind it, of those that have ended, or are free: nobody asks what these have missed.
    std::uint64_t& behind(std::uint64_t number) noexcept { return firings_[static_cast<std::uint32_t>(number)].missed; }
    void close(std::uint64_t number) noexcept;
    void release_excess() noexcept;
    void set_again(TimerSlot& slot, Firing& firing) noexcept;
    void insert(TimerSlot& slot, std::uint64_t deadline) noexcept;
    /// One that is in the wheel stays there until the clock is read, unless it could fire before.
    void take_if_due(TimerSlot& slot) noexcept {
        if (slot.is_pending() && wheel_.has_due()) wheel_.cancel(slot);
    }
    void make_fresh(TimerSlot& slot, std::chrono::nanoseconds after) noexcept {
        const auto count = fresh_count_;
        fresh_[count] = {&slot, not_negative(after)};
        slot.place_ = static_cast<std::uint8_t>(count + 1);
        fresh_count_ = count + 1;
        if (count + 1 == fresh_.size()) settle_now();
    }
    void set_other(TimerSlot& slot, std::chrono::nanoseconds after) noexcept;
    void cancel_other(TimerSlot& slot) noexcept;
    void forget_fresh(TimerSlot& slot) noexcept;
    void settle_now() noexcept;
    void fetch_due() noexcept;
    bool is_next_near() noexcept;

    struct Fresh {
        TimerSlot* slot; // null: it was set again, or cancelled; otherwise this is in its place, counted from 1
        std::uint64_t after;
    };

    Agenda& agenda_;
    Blocks<TimerSlot> slots_;
    Blocks<Firing> firings_; // of the slots with the same numbers
    FreeNumbers free_;
    std::uint64_t first_ended_ = none;
    std::uint64_t last_ended_ = none;
    std::size_t fetched_ = 0;     // how many are popped before more are fetched
    std::array<Fresh, 64> fresh_; // in the order in which they were set
    std::size_t fresh_count_ = 0;
    std::size_t in_background_ = 0; // of those that are set
    std::optional<std::uint64_t> limit_;
    bool over_limit_ = false;
    std::uint64_t now_ = 0;
    std::uint64_t quiet_until_ = 0; // nothing in the wheel is due before
    unsigned rough_left_ = rough_readings;
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
