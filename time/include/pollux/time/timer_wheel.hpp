// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

/// The timing wheel that a Loop keeps its timers in. Internal.
namespace pollux::time {

/// A TimerLink is an entry in a circular list of timers.
struct TimerLink {
    TimerLink* next = nullptr; // null: in no list
    TimerLink* previous = nullptr;
};

/// A TimerNode is an object that a TimerWheel schedules: a base class. The wheel links nodes, and neither allocates nor
/// owns any.
///
/// Lifetime: the owner of a pending node cancels it before destroying it, unless the wheel was destroyed first.
class TimerNode : private TimerLink {
  public:
    TimerNode() = default;
    TimerNode(const TimerNode&) = delete;
    TimerNode& operator=(const TimerNode&) = delete;

    /// Returns whether the node is scheduled and not popped yet.
    bool is_pending() const noexcept { return next != nullptr; }

    /// The deadline that was set last, in nanoseconds.
    std::uint64_t deadline() const noexcept { return deadline_; }

  protected:
    ~TimerNode() = default;

  private:
    friend class TimerWheel;
    std::uint64_t deadline_ = 0;
};

/// A TimerWheel is a hashed hierarchical timing wheel: the seventh scheme of Varghese and Lauck, "Hashed and
/// Hierarchical Timing Wheels", 1987, with a bitmap of the occupied slots for each level, as in Linux and tokio.
///
///     level 0   64 slots of one tick
///     level 1   64 slots of 64 ticks
///     ...
///     level 7   64 slots of 64^7 ticks: its end is the end of time, UINT64_MAX
///
/// A timer is on the level of the highest six bits in which the ticks of its deadline and of now differ. So its slot
/// depends on these two only; each slot comes after now, and those of a level come after all of the levels below. When
/// now reaches a slot, its timers cascade to the levels below, at most 7 times each; a slot that is over and has few is
/// sorted at once. Deadlines are compared to the nanosecond, and sorted within a tick.
///
/// Times are nanoseconds of one clock, which is never turned back. insert(), rearm(), cancel() and pop_due() take
/// constant time; no function allocates or throws.
///
/// Threads:  one thread at a time may use the wheel and its nodes.
/// Lifetime: the destructor leaves no node pending.                                     [timer_wheel.destroyed]
class TimerWheel {
  public:
    /// The tick: 2^16 nanoseconds, 65.5 us.
    static constexpr unsigned tick_bits = 16;
    static constexpr std::uint64_t tick = std::uint64_t{1} << tick_bits;

    explicit TimerWheel(std::uint64_t now) noexcept;
    ~TimerWheel();
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;

    /// Schedules a node that is not pending. A deadline in the past is due at the next advance(). UINT64_MAX, the last
    /// nanosecond, is a deadline like any other.                                        [timer_wheel.far]
    void insert(TimerNode& node, std::uint64_t deadline) noexcept {
        assert(!node.is_pending());
        node.deadline_ = deadline;
        place(node);
        ++pending_;
    }

    /// Schedules a node, pending or not, due or not, for its new deadline only.         [timer_wheel.rearm]
    void rearm(TimerNode& node, std::uint64_t deadline) noexcept {
        node.is_pending() ? detach(node) : void(++pending_);
        node.deadline_ = deadline;
        place(node);
    }

    /// Removes a node, even one that is due. Does nothing if it is not pending.         [timer_wheel.cancel]
    void cancel(TimerNode& node) noexcept {
        if (!node.is_pending()) return;
        unlink(node);
        --pending_;
    }

    /// Advances to `now`; does nothing if that is in the past.                          [timer_wheel.backwards]
    ///
    /// The timers whose deadline is not after `now` become due, and no others           [timer_wheel.to_the_nanosecond]
    ///     in order of deadline                                                         [timer_wheel.order]
    ///     those with the same deadline in order of insertion                           [timer_wheel.ties]
    ///     after all that are due already                                               [timer_wheel.due_first]
    /// The time that this takes depends on how many timers it moves, not on how far.
    void advance(std::uint64_t now) noexcept;

    /// Removes and returns the next timer that is due, which is no longer pending; null if there is none. A timer that
    /// is inserted or rearmed between two calls waits for the next advance(), so a callback that rearms its timer for a
    /// time in the past cannot keep the caller here for ever. [timer_wheel.rearm_between_pops]
    TimerNode* pop_due() noexcept {
        auto& due = rings_[due_ring];
        if (due.next == &due) return nullptr;
        auto& node = node_of(due.next);
        prefetch(node.next);
        unlink(node);
        --pending_;
        return &node;
    }

    /// Returns the timer that pop_due() will return, or will return after `node`, which is due; null if there is none.
    TimerNode* next_due(TimerNode* node = nullptr) noexcept {
        auto& due = rings_[due_ring];
        auto* const next = node != nullptr ? node->next : due.next;
        return next == &due ? nullptr : &node_of(next);
    }

    bool has_due() const noexcept { return occupied_[levels] != 0; }

    /// Returns when to call advance() next; none if nothing is pending. This is the last nanosecond of the tick of the
    /// earliest deadline, so that timers of one tick share a wake-up; or sooner, to cascade a slot. A thread that
    /// sleeps until then wakes at most 8 times for a timer.                             [timer_wheel.next_expiry]
    /// It is not after the time of the last advance() only if a timer is due, or was inserted with a deadline in the
    /// past.
    std::optional<std::uint64_t> next_expiry() const noexcept;

    /// Returns when the next timer is due: next_expiry(), but never sooner to cascade a slot, unless more than 16
    /// timers are in that. So a thread that sleeps until then wakes once for a timer. Visits these timers.
    ///                                                                                  [timer_wheel.next_deadline]
    std::optional<std::uint64_t> next_deadline() const noexcept;

    /// Returns when the next timer is due, as next_deadline(), but to the nanosecond: timers of one tick do not share a
    /// wake-up. Visits the timers of that tick, however many. [timer_wheel.next_exact_deadline]
    std::optional<std::uint64_t> next_exact_deadline() const noexcept;

    /// The number of timers that are scheduled and not popped yet.
    std::size_t pending() const noexcept { return pending_; }

  private:
    static constexpr unsigned slot_bits = 6;
    static constexpr std::size_t slots = std::size_t{1} << slot_bits;
    static constexpr std::size_t levels = (64 - tick_bits + slot_bits - 1) / slot_bits;
    static constexpr std::size_t due_ring = levels * slots;
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

    /// A Slot is a slot of a level, such as the first occupied one.
    struct Slot {
        std::size_t level;
        std::size_t ring;
        std::uint64_t start; // its first tick
    };

    /// A Chain holds the links of a ring without its head; `next` of the last one is null.
    struct Chain {
        TimerLink *first, *last;
    };

    static TimerNode& node_of(TimerLink* link) noexcept { return *static_cast<TimerNode*>(link); }

    static void prefetch(const TimerLink* link) noexcept {
#if defined(__GNUC__)
        __builtin_prefetch(link, 1);
#else
        static_cast<void>(link);
#endif
    }

    void place(TimerNode& node) noexcept {
        // A deadline in the past goes into the slot that advance() expires next.
        const auto at = std::max(node.deadline_ >> tick_bits, tick_);
        if (at == tick_) earliest_ = std::min(earliest_, node.deadline_);
        const auto highest = 63U ^ static_cast<unsigned>(std::countl_zero((at ^ tick_) | 1U)); // one instruction
        const auto level = highest / slot_bits;
        append(node, level * slots + (at >> level * slot_bits) % slots);
    }

    void append(TimerNode& node, std::size_t ring) noexcept {
        auto& head = rings_[ring];
        auto* const last = head.previous;
        node.next = &head;
        node.previous = last;
        last->next = &node;
        head.previous = &node;
        if (last == &head) occupied_[ring / slots] |= std::uint64_t{1} << ring % slots;
    }

    void unlink(TimerNode& node) noexcept {
        detach(node);
        node.next = nullptr;
    }

    /// Removes a node from its list; the caller links it again.
    void detach(TimerNode& node) noexcept {
        auto* const behind = node.next;
        auto* const before = node.previous;
        before->next = behind;
        behind->previous = before;
        if (behind == before) leave_empty(behind); // it was alone with the ring's head
    }

    void leave_empty(const TimerLink* head) noexcept {
        const auto ring = static_cast<std::size_t>(head - rings_.data());
        occupied_[ring / slots] &= ~(std::uint64_t{1} << ring % slots);
    }

    std::optional<Slot> first_slot() const noexcept;
    std::optional<std::uint64_t> earliest_of(const Slot& slot) const noexcept;
    Chain take(std::size_t ring) noexcept;
    void cascade(Chain chain) noexcept;
    bool make_few_due(TimerLink* chain) noexcept;
    void make_due(TimerLink* chain) noexcept;
    void expire_within_tick() noexcept;

    std::array<TimerLink, due_ring + 1> rings_; // of each slot, and of the timers that are due
    std::array<std::uint64_t, levels + 1> occupied_{};
    std::uint64_t now_;
    std::uint64_t tick_;             // that of now_
    std::uint64_t earliest_ = never; // no timer in the slot of tick_ has a deadline before
    std::size_t pending_ = 0;
};

} // namespace pollux::time
