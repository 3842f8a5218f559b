// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/handle.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

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
    void push_front(T& element) noexcept { insert(element, head_); }
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

enum class Kind : std::uint8_t { watch, timer, notice };

/// What a handle stands for.
class Slot : public Handled, public Link {
  public:
    Slot(Agenda& agenda, Kind kind) noexcept : agenda_(agenda), kind_(kind) {}
    virtual ~Slot() = default;

    /// In phase `ready`, for a slot that is in that list of the agenda.
    virtual void call() = 0;
    /// Destroys the callback and makes the slot free.
    virtual void close() noexcept = 0;

    void end() noexcept final;
    void set_background(bool background) noexcept final;

    /// Whether a callback may come of it: then it keeps the Loop running, unless in background.
    void set_pending(bool pending) noexcept;
    bool is_pending() const noexcept { return pending_; }

  protected:
    /// Leaves the engine, the wheel, the signals.
    virtual void let_go() noexcept = 0;

    Agenda& agenda_;

  private:
    void count(bool pending, bool background) noexcept;

    Kind kind_;
    bool pending_ = false;
    bool background_ = false;
};

/// What all slots of a Loop write down.
struct Agenda {
    List<Slot> ready;                     // to be called though no event names them: refused watches, signals, wakes
    List<Slot> closing;                   // ended in this turn
    std::array<std::size_t, 3> pending{}; // by Kind
    std::size_t keeping = 0;              // pending and not in background
    std::uint64_t closed = 0;
    bool in_turn = false;
};

/// Slots of one kind; none moves, and those that are free are used again, the last one first.
template <typename T>
class Slots {
  public:
    T& take(auto&&... arguments) {
        if (auto* slot = free_.pop_front()) return *slot;
        return all_.emplace_back(arguments...);
    }
    void give_back(T& slot) noexcept { free_.push_front(slot); }

    std::size_t size() const noexcept { return all_.size(); }
    T& operator[](std::size_t index) noexcept { return all_[index]; }
    auto begin() noexcept { return all_.begin(); }
    auto end() noexcept { return all_.end(); }

  private:
    std::deque<T> all_;
    List<T> free_;
};

} // namespace pollux::loop
