// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "blocks.hpp"
#include "own_thread.hpp"

#include <pollux/loop/handle.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

/// The parts of a Loop. Internal.
namespace pollux::loop {

/// A Link is an element of an intrusive List; it is in one List at a time.
struct Link {
    Link* next = nullptr; // null: in no list
    Link* previous = nullptr;

    bool is_linked() const noexcept { return next != nullptr; }
    void unlink() noexcept {
        if (!is_linked()) return;
        previous->next = next;
        next->previous = previous;
        next = previous = nullptr;
    }
};

/// A List is an intrusive, circular list of Ts, which are Links. It owns none and allocates nothing.
template <typename T>
class List {
  public:
    List() noexcept { head_.next = head_.previous = &head_; }
    List(const List&) = delete;
    List& operator=(const List&) = delete;

    bool empty() const noexcept { return head_.next == &head_; }
    void push_back(T& element) noexcept { insert(element, *head_.previous); }
    T* pop_front() noexcept {
        if (empty()) return nullptr;
        auto* first = static_cast<T*>(head_.next);
        first->unlink();
        return first;
    }

  private:
    void insert(Link& link, Link& previous) noexcept {
        link.next = previous.next;
        link.previous = &previous;
        previous.next->previous = &link;
        previous.next = &link;
    }

    Link head_;
};

struct ReadyLists;
class Watches;

/// What a Slot is for; an index into ReadyLists::pending.
enum class SlotKind : std::uint8_t { watch, signal_or_wake, poll_hook };

/// A Slot is the target of handles, except those of timers: a base class.
class Slot : public HandleTarget {
  public:
    Slot(ReadyLists& lists, SlotKind kind) noexcept : lists_(lists), kind_(kind) {}
    virtual ~Slot() = default;

    /// Destroys the callback and makes the slot free.
    virtual void close() noexcept = 0;

    /// What the end of its handle does: no callback runs from now on, and close() is called in phase `close`, or now
    /// when no turn is under way.
    void begin_close() noexcept;
    void set_background(bool background) noexcept;

    /// Sets whether its callback may be called: a pending slot keeps the Loop running, unless in background.
    inline void set_pending(bool pending) noexcept;
    bool is_pending() const noexcept { return pending_; }

    inline void require_thread(const char* call) const noexcept;

  protected:
    /// Removes the slot from the backend, the signals, and each list.
    virtual void unregister() noexcept = 0;

    /// Its index in its SlotPool.
    std::uint32_t index() const noexcept { return index_; }

    ReadyLists& lists_;

  private:
    friend class SlotQueue;
    template <typename T>
    friend class SlotPool;

    SlotKind kind_;
    bool pending_ = false;
    bool background_ = false;
    std::uint32_t index_ = 0;
    Slot* next_ = nullptr; // in the queue of closing slots, or in the list of free ones
};

/// A SlotOwner owns the targets of handles that are Slots.
class SlotOwner : public HandleOwner {
  public:
    void close(HandleTarget& target) noexcept final { static_cast<Slot&>(target).begin_close(); }
    void set_background(HandleTarget& target, bool background) noexcept final {
        static_cast<Slot&>(target).set_background(background);
    }
};

/// A ReadySlot is a slot that may be called without an event of its own: a base class.
class ReadySlot : public Slot, public Link {
  public:
    using Slot::Slot;
    /// Called in phase `ready` for each slot of the ready list.
    virtual void call() = 0;
};

/// A SlotQueue is a queue of slots, first in, first out.
class SlotQueue {
  public:
    bool empty() const noexcept { return first_ == nullptr; }
    void push_back(Slot& slot) noexcept {
        slot.next_ = nullptr;
        (empty() ? first_ : last_->next_) = &slot;
        last_ = &slot;
    }
    Slot* pop_front() noexcept {
        auto* slot = first_;
        if (slot) first_ = slot->next_;
        return slot;
    }

  private:
    Slot* first_ = nullptr;
    Slot* last_ = nullptr;
};

/// A ReadyLists object holds the lists and counts that all slots of a Loop share.
struct ReadyLists {
    List<ReadySlot> ready;                // to be called without an event: refused watches, signals, wakes
    SlotQueue closing;                    // ended in this turn
    std::array<std::size_t, 3> pending{}; // by SlotKind
    std::size_t keeping_alive = 0;        // pending and not in background; Timers count their own
    std::uint64_t closed = 0;
    bool in_turn = false;
    Watches* watches = nullptr; // those of the Loop: WatchSlots find them here
    LoopThread thread;          // the thread that runs the Loop
};

inline void Slot::require_thread(const char* call) const noexcept { require_own_thread(lists_.thread, call); }

inline void Slot::set_pending(bool pending) noexcept {
    if (pending == pending_) return;
    pending_ = pending;
    const std::size_t change = pending ? 1 : std::size_t(-1);
    lists_.pending[static_cast<std::size_t>(kind_)] += change;
    if (!background_) lists_.keeping_alive += change;
}

/// A SlotPool owns the slots of one kind. No slot moves; free slots are reused, the last one that was freed first.
template <typename T>
class SlotPool {
  public:
    T& allocate(auto&&... arguments) {
        if (auto* slot = free_) {
            free_ = static_cast<T*>(slot->next_);
            return *slot;
        }
        auto& made = all_.emplace_back(arguments...);
        made.index_ = all_.size() - 1;
        return made;
    }
    void free(T& slot) noexcept {
        slot.next_ = free_;
        free_ = &slot;
    }

    std::uint32_t size() const noexcept { return all_.size(); }
    T& operator[](std::uint32_t index) noexcept { return all_[index]; }

  private:
    Blocks<T> all_;
    T* free_ = nullptr;
};

} // namespace pollux::loop
