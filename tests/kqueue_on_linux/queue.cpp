// SPDX-License-Identifier: BSL-1.0
#include "queue.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kqueue_on_linux {
namespace {

/// Not close(), which calls forget() here.
void close_quietly(int descriptor) {
    if (descriptor != -1) syscall(SYS_close, descriptor);
}

/// A kqueue has one descriptor: the other ones of the emulation are kept above the standard streams.
int hide(int descriptor) {
    if (descriptor == -1 || descriptor > STDERR_FILENO) return descriptor;
    const int hidden = static_cast<int>(syscall(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    close_quietly(descriptor);
    return hidden;
}

std::uint32_t wakes_of(Filter filter) {
    switch (filter) {
    case Filter::read:
        return EPOLLET | EPOLLIN | EPOLLRDHUP;
    case Filter::write:
        return EPOLLET | EPOLLOUT;
    default:
        return EPOLLET | EPOLLPRI;
    }
}

/// A Clock measures the timeout of one kevent().
class Clock {
  public:
    explicit Clock(const timespec* timeout) : has_end_(timeout != nullptr) {
        if (!has_end_) return;
        const auto now = std::chrono::steady_clock::now();
        const auto most = std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::time_point::max() - now);
        // Like FreeBSD's kqueue_scan(): a timeout that is too long is infinite.
        if (timeout->tv_sec >= most.count())
            has_end_ = false;
        else
            end_ = now + std::chrono::seconds(timeout->tv_sec) + std::chrono::nanoseconds(timeout->tv_nsec);
    }

    /// The rest of the wait for epoll_pwait2(); null: infinite.
    const timespec* left() {
        if (!has_end_) return nullptr;
        const auto left = std::max<std::chrono::nanoseconds>(end_ - std::chrono::steady_clock::now(),
                                                             std::chrono::nanoseconds::zero());
        left_ = {left.count() / 1'000'000'000, left.count() % 1'000'000'000};
        return &left_;
    }

    static bool is_over(const timespec* left) { return left && left->tv_sec == 0 && left->tv_nsec == 0; }

  private:
    bool has_end_;
    std::chrono::steady_clock::time_point end_;
    timespec left_{};
};

} // namespace

std::shared_ptr<Queue> Queue::make() {
    std::shared_ptr<Queue> made(new Queue);
    return made->open() ? made : nullptr;
}

Queue::~Queue() {
    for (const int set : sets_) close_quietly(set);
    close_quietly(nonempty_);
}

bool Queue::hides(int descriptor) const noexcept {
    return descriptor == nonempty_ || std::ranges::find(sets_, descriptor) != sets_.end();
}

void Queue::lose() noexcept {
    for (int& set : sets_) close_quietly(std::exchange(set, -1));
    close_quietly(std::exchange(nonempty_, -1));
    close_quietly(std::exchange(outer_, -1));
}

bool Queue::open() {
    // kqueue(2): the queue is not inherited by a child, but exec keeps its descriptor unless it is close-on-exec.
    const int outer = epoll_create1(0);
    const auto hold = [outer](int descriptor) {
        epoll_event event{EPOLLIN, {.fd = descriptor}};
        return descriptor != -1 && epoll_ctl(outer, EPOLL_CTL_ADD, descriptor, &event) == 0;
    };
    bool holds = outer != -1;
    for (int& set : sets_) holds = holds && hold(set = hide(epoll_create1(EPOLL_CLOEXEC)));
    holds = holds && hold(nonempty_ = hide(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
    if (holds) {
        outer_ = outer;
    } else {
        const int error = errno;
        close_quietly(outer);
        errno = error;
    }
    return holds;
}

int Queue::change(const Kevent& change, const System& system) {
    const std::lock_guard lock(mutex_);
    if (change.filter != Filter::user && fcntl(static_cast<int>(change.ident), F_GETFD) == -1) return EBADF;
    auto found = notes_.find({change.ident, change.filter});
    if (found == notes_.end()) {
        if (!(change.flags & EV_ADD)) return ENOENT;
        if (const int error = attach(change, system)) return error;
        found = notes_.find({change.ident, change.filter});
    }
    auto& note = found->second;
    if (change.flags & EV_DELETE) {
        drop(note);
        return 0;
    }
    if (change.flags & EV_ADD) {
        // Never EV_CLEAR, EV_ONESHOT or EV_DISPATCH: those do not change after the note was made.
        note.kevent.udata = change.udata;
        note.kevent.fflags = change.fflags;
    }
    if (change.filter == Filter::user && (change.fflags & NOTE_TRIGGER)) note.triggered = true;
    if (change.flags & EV_ENABLE) {
        note.disabled = false;
    } else if (change.flags & EV_DISABLE) {
        note.disabled = true;
        dequeue(note);
    }
    if (!note.disabled && current_state(note).is_ready) enqueue(note);
    show_whether_empty();
    return 0;
}

int Queue::attach(const Kevent& change, const System& system) {
    const int descriptor = static_cast<int>(change.ident);
    const auto serial = next_serial_++;
    if (change.filter == Filter::except && !is_socket(descriptor)) return EINVAL;
    if (change.filter == Filter::write && system.broken_pipe != 0 && is_broken_pipe(descriptor))
        return system.broken_pipe;
    if (change.filter != Filter::user) {
        epoll_event event{wakes_of(change.filter), {.u64 = serial}};
        const int set = sets_[static_cast<std::size_t>(change.filter)];
        // EPERM: a file, which has no wakes; its filter runs nevertheless. EEXIST is impossible: forget() removes.
        if (epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event) == -1 && errno != EPERM) return errno;
    }
    Note note;
    note.kevent = change;
    note.kevent.flags &= ~unsigned{EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE};
    note.serial = serial;
    by_serial_[serial] = &notes_.emplace(Key{change.ident, change.filter}, note).first->second;
    return 0;
}

void Queue::drop(Note& note) {
    dequeue(note);
    if (note.kevent.filter != Filter::user) {
        const int set = sets_[static_cast<std::size_t>(note.kevent.filter)];
        epoll_ctl(set, EPOLL_CTL_DEL, static_cast<int>(note.kevent.ident), nullptr);
    }
    by_serial_.erase(note.serial);
    notes_.erase({note.kevent.ident, note.kevent.filter});
    show_whether_empty();
}

void Queue::forget(int descriptor) {
    const std::lock_guard lock(mutex_);
    for (const Filter filter : {Filter::read, Filter::write, Filter::except}) {
        const auto found = notes_.find({static_cast<std::uintptr_t>(descriptor), filter});
        if (found != notes_.end()) drop(found->second);
    }
}

State Queue::current_state(const Note& note) {
    if (note.kevent.filter == Filter::user) return {.is_ready = note.triggered};
    auto state = state_of(note.kevent.filter, static_cast<int>(note.kevent.ident));
    if (note.kevent.filter != Filter::except) return state;
    state.is_ready = state.is_ready && (note.kevent.fflags & NOTE_OOB);
    state.fflags = NOTE_OOB;
    return state;
}

void Queue::enqueue(Note& note) {
    if (note.queued || note.disabled) return;
    note.place = active_.insert(active_.end(), &note);
    note.queued = true;
}

void Queue::dequeue(Note& note) {
    if (!note.queued) return;
    active_.erase(note.place);
    note.queued = false;
}

/// Collects all wake-ups that Linux has for notes and makes these active: a wake-up that is left would be treated as a
/// new one later.
void Queue::collect_wakes() {
    std::array<epoll_event, 4> ready;
    const int ready_count = epoll_wait(outer_, ready.data(), static_cast<int>(ready.size()), 0);
    for (int i = 0; i < ready_count; ++i) {
        const int set = ready[static_cast<std::size_t>(i)].data.fd;
        if (set != nonempty_) collect_wakes_of(set);
    }
}

void Queue::collect_wakes_of(int set) {
    std::array<epoll_event, 64> wakes;
    for (int count = 64; count == 64;) {
        count = epoll_wait(set, wakes.data(), 64, 0);
        for (int i = 0; i < count; ++i) {
            const auto found = by_serial_.find(wakes[static_cast<std::size_t>(i)].data.u64);
            if (found != by_serial_.end()) enqueue(*found->second);
        }
    }
}

std::size_t Queue::report(std::span<Kevent> events) {
    std::size_t count = 0;
    for (auto turns = active_.size(); turns > 0 && count < events.size(); --turns) {
        auto& note = *active_.front();
        dequeue(note);
        const auto state = current_state(note);
        if (!state.is_ready) continue;
        auto& event = events[count++] = note.kevent;
        event.flags |= state.flags;
        event.fflags = state.fflags;
        event.data = state.data;
        const unsigned flags = note.kevent.flags;
        if (flags & EV_ONESHOT) {
            drop(note);
            continue;
        }
        if (flags & EV_CLEAR) note.triggered = false;
        if (flags & EV_DISPATCH) note.disabled = true;
        if (!(flags & (EV_CLEAR | EV_DISPATCH))) enqueue(note);
    }
    show_whether_empty();
    return count;
}

void Queue::show_whether_empty() {
    if (shown_as_empty_ == active_.empty()) return;
    shown_as_empty_ = active_.empty();
    eventfd_t number = 0;
    if (shown_as_empty_) {
        eventfd_read(nonempty_, &number);
    } else {
        eventfd_write(nonempty_, 1);
    }
}

int Queue::wait(std::span<Kevent> events, const timespec* timeout) {
    for (Clock clock(timeout);;) {
        {
            const std::lock_guard lock(mutex_);
            collect_wakes();
            if (const auto count = report(events)) return static_cast<int>(count);
        }
        const auto* left = clock.left();
        if (Clock::is_over(left)) return 0;
        epoll_event any;
        if (epoll_pwait2(outer_, &any, 1, left, nullptr) == -1) return -1;
    }
}

} // namespace kqueue_on_linux
