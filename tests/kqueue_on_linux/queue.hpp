// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "filter.hpp"

#include <array>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>

#include <time.h>

namespace kqueue_on_linux {

/// What the systems do differently.
struct System {
    /// What EV_ADD of EVFILT_WRITE says of a pipe without a reader: pipe_kqfilter() in sys/kern/sys_pipe.c. 0: nothing.
    int broken_pipe = 0;
    /// What a receipt keeps of the flags of its change.
    unsigned kept_flags = 0;
};

/// One kqueue, after FreeBSD's sys/kern/kern_event.c: knotes by (ident, filter), and a queue of those that are active.
///
///     change() ──▶ knotes ──▶ active queue ──▶ wait()
///                    ▲             ▲ level notes go back in, at its end
///                    └─ wakes ─────┘ edge-triggered epoll sets say whose filter to run again
///
/// A filter runs when its note is registered and again when it is collected. A sleeping wait() sees what other threads
/// register, for it sleeps on one epoll that holds all: the sets, and an eventfd that is readable while the queue is
/// not empty. That epoll's descriptor is the kqueue's.
/// Threads: any.
class Queue {
  public:
    /// Null, and errno, if something cannot be had.
    static std::shared_ptr<Queue> make();
    ~Queue();
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    /// The descriptor of the kqueue; who closes it says so with forget().
    int descriptor() const noexcept { return outer_; }
    /// Whether it has that descriptor beside its own, which no real kqueue has.
    bool hides(int descriptor) const noexcept;
    /// From now on that is its descriptor. Nothing else may be under way.
    void renumber(int descriptor) noexcept { outer_ = descriptor; }
    /// Closes everything, in a child of fork(); nothing but the destructor may follow.
    void lose() noexcept;

    /// As one entry of a changelist: 0 or an error.
    int change(const Kevent& change, const System& system);
    /// As kevent() without changes: how many, or -1 and errno. No timeout: for ever.
    int wait(std::span<Kevent> events, const timespec* timeout);
    /// The notes of a descriptor that is being closed go.
    void forget(int descriptor);

  private:
    struct Note {
        Kevent kevent; // with the flags that it was made with
        std::uint64_t serial = 0;
        bool disabled = false;
        bool triggered = false; // EVFILT_USER only
        bool queued = false;
        std::list<Note*>::iterator place;
    };
    using Key = std::pair<std::uintptr_t, Filter>;

    Queue() = default;
    bool open();
    int attach(const Kevent& change, const System& system);
    void drop(Note& note);
    static State current_state(const Note& note);
    void enqueue(Note& note);
    void dequeue(Note& note);
    void collect_wakes();
    void collect_wakes_of(int set);
    std::size_t report(std::span<Kevent> events);
    void show_whether_empty();

    std::mutex mutex_;
    std::map<Key, Note> notes_;
    std::unordered_map<std::uint64_t, Note*> by_serial_;
    std::list<Note*> active_;
    std::uint64_t next_serial_ = 0;
    bool shown_as_empty_ = true;
    std::array<int, 3> sets_{-1, -1, -1}; // by Filter
    int nonempty_ = -1;
    int outer_ = -1;
};

} // namespace kqueue_on_linux
