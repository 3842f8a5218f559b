// SPDX-License-Identifier: BSL-1.0
// kevent(2) of one system: compiled once for each layout of struct kevent.
#include "queues.hpp"

#include <sys/event.h>

#include <cerrno>
#include <optional>
#include <vector>

namespace kqueue_on_linux {
namespace {

#if defined(KQUEUE_LAYOUT_FREEBSD)
constexpr System system{EPIPE, 0};
#elif defined(KQUEUE_LAYOUT_DARWIN)
constexpr System system{EPIPE, ~0U};
#elif defined(KQUEUE_LAYOUT_OPENBSD)
constexpr System system{0, 0}; // "attach the knote to the read side to proceed with the registration"
#else
constexpr System system{EBADF, 0};
#endif

std::optional<Filter> filter_of(std::int64_t number) {
    if (number == EVFILT_READ) return Filter::read;
    if (number == EVFILT_WRITE) return Filter::write;
#ifdef EVFILT_USER
    if (number == EVFILT_USER) return Filter::user;
#endif
#ifdef EVFILT_EXCEPT
    if (number == EVFILT_EXCEPT) return Filter::except;
#endif
    return std::nullopt;
}

/// Sets the members other than ident, filter and udata.
void fill(struct kevent& event, unsigned flags, unsigned fflags, std::int64_t data) {
    event.flags = static_cast<decltype(event.flags)>(flags);
    event.fflags = fflags;
    event.data = data;
}

decltype(kevent::filter) number_of(Filter filter) {
    switch (filter) {
    case Filter::read:
        return EVFILT_READ;
    case Filter::write:
        return EVFILT_WRITE;
#ifdef EVFILT_EXCEPT
    case Filter::except:
        return EVFILT_EXCEPT;
#endif
#ifdef EVFILT_USER
    case Filter::user:
        return EVFILT_USER;
#endif
    default:
        return {};
    }
}

#ifdef KQUEUE_LAYOUT_DARWIN
/// Like XNU: itimerfix() in bsd/kern/kern_time.c refuses more than 100,000,000 seconds, and TIMESPEC_TO_TIMEVAL()
/// truncates to microseconds.
bool accepts(timespec& wait) {
    wait.tv_nsec -= wait.tv_nsec % 1000;
    return wait.tv_sec <= 100'000'000;
}
#else
bool accepts(timespec&) { return true; }
#endif

/// Applies the changes, writes errors and receipts to events, and returns their number, or -1 and errno.
int apply(Queue& queue, const struct kevent* changes, std::size_t change_count, struct kevent* events,
          std::size_t room) {
    std::size_t receipts = 0;
    for (std::size_t i = 0; i < change_count; ++i) {
        const auto change = changes[i]; // a copy, since both lists may be one array
        const auto filter = filter_of(change.filter);
        int error = EINVAL;
        if (filter) {
            error =
                queue.change({change.ident, *filter, change.flags, change.fflags, change.data, change.udata}, system);
        }
        if (error == 0 && !(change.flags & EV_RECEIPT)) continue;
        if (receipts == room) {
            if (error == 0) return static_cast<int>(receipts); // "subsequent changes will not get processed"
            errno = error;
            return -1;
        }
        events[receipts] = change;
        fill(events[receipts], (change.flags & system.kept_flags) | EV_ERROR, change.fflags, error);
        ++receipts;
    }
    return static_cast<int>(receipts);
}

int collect(Queue& queue, struct kevent* events, std::size_t room, const timespec* timeout) {
    timespec wait{};
    if (timeout) {
        wait = *timeout;
        if (wait.tv_sec < 0 || wait.tv_nsec < 0 || wait.tv_nsec >= 1'000'000'000 || !accepts(wait)) {
            errno = EINVAL;
            return -1;
        }
    }
    std::vector<Kevent> seen(room);
    const int count = queue.wait(seen, timeout ? &wait : nullptr);
    for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count); ++i) {
        auto& event = events[i] = {};
        event.ident = seen[i].ident;
        event.filter = number_of(seen[i].filter);
        event.udata = seen[i].udata;
        fill(event, seen[i].flags, seen[i].fflags, seen[i].data);
    }
    return count;
}

int apply_and_collect(int kq, const struct kevent* changes, std::size_t change_count, struct kevent* events,
                      std::size_t room, const timespec* timeout) {
    const auto queue = queue_of(kq);
    if (!queue) {
        errno = EBADF;
        return -1;
    }
    const int receipts = apply(*queue, changes, change_count, events, room);
    return receipts != 0 || room == 0 ? receipts : collect(*queue, events, room, timeout);
}

} // namespace
} // namespace kqueue_on_linux

#ifdef KQUEUE_LAYOUT_NETBSD
using Count = std::size_t;
#else
using Count = int;
#endif

int kevent(int kq, const struct kevent* changelist, Count nchanges, struct kevent* eventlist, Count nevents,
           const timespec* timeout) {
    return kqueue_on_linux::apply_and_collect(kq, changelist, static_cast<std::size_t>(nchanges), eventlist,
                                              static_cast<std::size_t>(nevents), timeout);
}
