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

/// A System has what differs between the systems that have kqueue(2).
struct System {
    /// The error of EV_ADD of EVFILT_WRITE for a pipe without a reader: pipe_kqfilter() in sys/kern/sys_pipe.c. 0:
    /// none.
    int broken_pipe = 0;
    /// The flags of a change that its receipt keeps.
    unsigned kept_flags = 0;
};

/// A Queue is a kqueue, after FreeBSD's sys/kern/kern_event.c: knotes by (ident, filter), and a queue of the active
/// ones.
///
///     change() ──▶ knotes ──▶ active queue ──▶ wait()
///                    ▲             ▲ level notes go back in, at its end
///                    └─ wakes ─────┘ edge-triggered epoll sets select the filters to run again
///
/// A filter runs when its note is registered and again when it is collected. A sleeping wait() sees what other threads
/// register, since it sleeps on one epoll that holds all: the sets, and an eventfd that is readable while the queue is
/// not empty. That epoll's descriptor is the kqueue's.
/// Threads: any.
class Queue {
  public:
    /// Returns null, with errno, on failure.
    static std::shared_ptr<Queue> make();
    ~Queue();
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    /// The descriptor of the kqueue; after its close() forget() has to be called.
    int descriptor() const noexcept { return outer_; }
    /// Whether the descriptor is an internal one, which a real kqueue does not have.
    bool hides(int descriptor) const noexcept;
    /// Changes its descriptor. No other call may be in progress.
    void renumber(int descriptor) noexcept { outer_ = descriptor; }
    /// Closes everything, in a child of fork(); nothing but the destructor may follow.
    void lose() noexcept;

    /// Applies one entry of a changelist; returns 0 or an error.
    int change(const Kevent& change, const System& system);
    /// Like kevent() without changes: returns the number of events, or -1 and errno. No timeout: infinite.
    int wait(std::span<Kevent> events, const timespec* timeout);
    /// Removes the notes of a descriptor that is being closed.
    void forget(int descriptor);

  private:
    /// A Note is a registered event (FreeBSD: knote).
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
