// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "blocks.hpp"
#include "own_thread.hpp"

#include <pollux/handle.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

/// What a Loop is made of: not for programs.
namespace pollux::loop {

/// A place in a List: in one at a time.
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

/// A ring of Ts, which are Links; owns none, allocates nothing.
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
    void insert(Link& link, Link& behind) noexcept {
        link.next = behind.next;
        link.previous = &behind;
        behind.next->previous = &link;
        behind.next = &link;
    }

    Link head_;
};

struct Agenda;
class Watches;

enum class Kind : std::uint8_t { watch, notice };

/// What a handle stands for, unless it is a timer.
class Slot : public Handled {
  public:
    Slot(Agenda& agenda, Kind kind) noexcept : agenda_(agenda), kind_(kind) {}
    virtual ~Slot() = default;

    /// Destroys the callback and makes the slot free.
    virtual void close() noexcept = 0;

    void end() noexcept;
    void set_background(bool background) noexcept;

    /// Whether a callback may come of it: then it keeps the Loop running, unless in background.
    inline void set_pending(bool pending) noexcept;
    bool is_pending() const noexcept { return pending_; }

    inline void demand_thread(const char* call) const noexcept;

  protected:
    /// Leaves the engine, the signals, and each list.
    virtual void let_go() noexcept = 0;

    /// Which one of its Slots it is.
    std::uint32_t number() const noexcept { return number_; }

    Agenda& agenda_;

  private:
    friend class SlotQueue;
    template <typename T>
    friend class Slots;

    Kind kind_;
    bool pending_ = false;
    bool background_ = false;
    std::uint32_t number_ = 0;
    Slot* next_ = nullptr; // of those that are closing, or free
};

/// Keeps Slots.
class SlotKeeper : public Keeper {
  public:
    void end(Handled& handled) noexcept final { static_cast<Slot&>(handled).end(); }
    void set_background(Handled& handled, bool background) noexcept final {
        static_cast<Slot&>(handled).set_background(background);
    }
};

/// A slot that may be called though no event names it.
class ReadySlot : public Slot, public Link {
  public:
    using Slot::Slot;
    /// In phase `ready`, for a slot that is in that list of the agenda.
    virtual void call() = 0;
};

/// Slots that leave in the order in which they came.
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

/// What all slots of a Loop write down.
struct Agenda {
    List<ReadySlot> ready;                // to be called though no event names them: refused watches, signals, wakes
    SlotQueue closing;                    // ended in this turn
    std::array<std::size_t, 2> pending{}; // by Kind
    std::size_t keeping = 0;              // pending and not in background; Timers count their own
    std::uint64_t closed = 0;
    bool in_turn = false;
    Watches* watches = nullptr; // for their slots, which have no room for it
    LoopThread thread;          // that runs the Loop
};

inline void Slot::demand_thread(const char* call) const noexcept { demand_own_thread(agenda_.thread, call); }

inline void Slot::set_pending(bool pending) noexcept {
    if (pending == pending_) return;
    pending_ = pending;
    const std::size_t change = pending ? 1 : std::size_t(-1);
    agenda_.pending[static_cast<std::size_t>(kind_)] += change;
    if (!background_) agenda_.keeping += change;
}

/// Slots of one kind; none moves, and those that are free are used again, the last one first.
template <typename T>
class Slots {
  public:
    T& take(auto&&... arguments) {
        if (auto* slot = free_) {
            free_ = static_cast<T*>(slot->next_);
            return *slot;
        }
        auto& made = all_.emplace_back(arguments...);
        made.number_ = all_.size() - 1;
        return made;
    }
    void give_back(T& slot) noexcept {
        slot.next_ = free_;
        free_ = &slot;
    }

    std::uint32_t size() const noexcept { return all_.size(); }
    T& operator[](std::uint32_t number) noexcept { return all_[number]; }

  private:
    Blocks<T> all_;
    T* free_ = nullptr;
};

} // namespace pollux::loop
