// SPDX-License-Identifier: BSL-1.0
#include "filters.hpp"

#include <pollux/posix.hpp>

#include <array>

#include <fcntl.h>

namespace pollux::kqueue {
namespace {

struct kevent make_change(std::uintptr_t ident, std::int64_t filter, unsigned flags, unsigned fflags,
                          Generation generation) noexcept {
    struct kevent made {};
    made.ident = ident;
    made.filter = static_cast<decltype(made.filter)>(filter); // short, or unsigned on NetBSD
    made.flags = static_cast<decltype(made.flags)>(flags | EV_RECEIPT);
    made.fflags = fflags;
    // A pointer, or an integer before NetBSD 10.
    made.udata = (decltype(made.udata))generation; // NOLINT(performance-no-int-to-ptr): it is no pointer
    return made;
}

/// Returns the EVFILT_ constant of a filter; 0 if the system has none.
std::int64_t kernel_filter_of(unsigned filter) noexcept {
    switch (filter) {
    case Filters::reads:
        return EVFILT_READ;
    case Filters::writes:
        return EVFILT_WRITE;
#ifdef EVFILT_EXCEPT
    case Filters::excepts:
        return EVFILT_EXCEPT;
#endif
#ifdef EVFILT_USER
    case Filters::ended:
        return EVFILT_USER;
#endif
    default:
        return 0;
    }
}

unsigned conditions_of(unsigned filter) noexcept {
#ifdef EVFILT_EXCEPT
    if (filter == Filters::excepts) return NOTE_OOB;
#endif
#ifdef EVFILT_USER
    if (filter == Filters::ended) return NOTE_TRIGGER;
#endif
    return 0;
}

/// Returns whether the filter is there to report the end of the stream, but no data.
bool reports_ends_only(unsigned filter, const Watch& watch) noexcept {
    return filter == Filters::reads && !any(watch.interest & Ready::readable);
}

unsigned mode_of(unsigned filter, const Watch& watch) noexcept {
    // Data without readable in the interest must neither spin nor spend a one-shot watch.
    if (reports_ends_only(filter, watch)) return EV_CLEAR;
    // Not EV_ONESHOT: it deletes the entry, and to add one costs more than to enable one.
    return watch.mode == Mode::oneshot ? EV_DISPATCH : watch.mode == Mode::edge ? EV_CLEAR : 0;
}

/// The Changes turn one set of filters into another: at most a deletion and an addition for each of four filters.
struct Changes {
    std::array<struct kevent, 8> list;
    std::size_t count = 0;

    Changes(Source source, const Filters& from, const Filters& to) noexcept {
        const auto ident = static_cast<std::uintptr_t>(source);
        for (const unsigned filter : {Filters::reads, Filters::writes, Filters::excepts, Filters::ended}) {
            const bool had = from.set & filter, has = to.set & filter;
            const auto kernel_filter = kernel_filter_of(filter);
            const unsigned mode = mode_of(filter, to.watch);
            // EV_ADD of an entry that exists changes neither EV_CLEAR nor EV_DISPATCH.
            if (had && (!has || mode != mode_of(filter, from.watch)))
                put(make_change(ident, kernel_filter, EV_DELETE, 0, from.generation));
            // Nor does it enable an entry that EV_DISPATCH has disabled; EV_ENABLE does, and runs the filter.
            if (has)
                put(make_change(ident, kernel_filter, EV_ADD | EV_ENABLE | mode, conditions_of(filter), to.generation));
        }
    }

    void put(const struct kevent& change) noexcept { list[count++] = change; }
};

/// Returns whether the failure of a change is harmless. That of a deletion is: the source was closed, or the deletion
/// is under way (EINPROGRESS, XNU). So is that of EVFILT_EXCEPT for a source without out-of-band data, such as a pipe.
bool may_fail(const struct kevent& change, [[maybe_unused]] std::int64_t error) noexcept {
#ifdef EVFILT_EXCEPT
    if (change.filter == EVFILT_EXCEPT && error == EINVAL) return true;
#endif
    return change.flags & EV_DELETE;
}

/// Returns the first error, as an errno; 0 if there is none.
int failure_of(const Changes& changes, const struct kevent* receipts) noexcept {
    for (std::size_t i = 0; i < changes.count; ++i) {
        const auto error = receipts[i].flags & EV_ERROR ? receipts[i].data : 0;
        if (error != 0 && !may_fail(changes.list[i], error)) return static_cast<int>(error);
    }
    return 0;
}

int try_to_replace(int kq, Source source, const Filters& from, const Filters& to) noexcept {
    const Changes changes(source, from, to);
    std::array<struct kevent, 8> receipts;
    if (changes.count == 0) return 0;
    if (change(kq, changes.list.data(), static_cast<Count>(changes.count), receipts.data()) == -1) return errno;
    return failure_of(changes, receipts.data());
}

/// Returns whether EVFILT_WRITE was refused because the reader of a pipe is gone.
bool has_lost_its_reader(int error, Source source, const Filters& filters) noexcept {
    if (!(filters.set & Filters::writes) || kernel_filter_of(Filters::ended) == 0) return false;
    return error == EPIPE || (error == EBADF && fcntl(source, F_GETFD) != -1);
}

} // namespace

Filters filters_for(const Watch& watch, Generation generation) noexcept {
    unsigned set = Filters::none;
    if (any(watch.interest & Ready::readable)) set |= Filters::reads;
    if (any(watch.interest & Ready::writable)) set |= Filters::writes;
    // EVFILT_EXCEPT reports neither an end nor an error, which a watch with any interest has to report.
    if (any(watch.interest & Ready::priority)) set |= Filters::excepts | Filters::reads;
    return {watch, generation, static_cast<std::uint8_t>(set)};
}

std::error_code replace(int kq, Source source, const Filters& from, Filters& to) noexcept {
    int error = try_to_replace(kq, source, from, to);
    if (has_lost_its_reader(error, source, to)) {
        to.set = static_cast<std::uint8_t>((to.set & ~Filters::writes) | Filters::ended);
        error = try_to_replace(kq, source, from, to);
    }
    if (error == 0) return {};
    try_to_replace(kq, source, to, from);
    if (error == EBADF || error == ENOMEM) return {error, std::generic_category()};
    return make_error_code(std::errc::operation_not_supported);
}

Ready ready_of(const struct kevent& event, const Filters& filters) noexcept {
    const bool has_ended = event.flags & EV_EOF;
    // With EV_EOF, fflags is the pending error of a socket.
    const Ready failed = has_ended && event.fflags != 0 ? Ready::failed : Ready::none;
    if (event.filter == EVFILT_READ) {
        if (has_ended) return Ready::readable | Ready::closed | failed;
        return reports_ends_only(Filters::reads, filters.watch) ? Ready::none : Ready::readable;
    }
#ifdef EVFILT_EXCEPT
    // That of DragonFly reports ends, too.
    if (event.filter == EVFILT_EXCEPT) return has_ended ? Ready::readable | Ready::closed : Ready::priority;
#endif
    // EVFILT_WRITE, or the EVFILT_USER in its place. Its EV_EOF is no hint that the peer has closed: it is also set
    // when this side has shut down writing.
    return Ready::writable | failed;
}

bool has_outlived_its_source([[maybe_unused]] const struct kevent& event) noexcept {
#ifdef EVFILT_USER
    return event.filter == EVFILT_USER && fcntl(static_cast<Source>(event.ident), F_GETFD) == -1;
#else
    return false;
#endif
}

Generation generation_of(const struct kevent& event) noexcept { return (Generation)event.udata; }

int change(int kq, const struct kevent* changes, Count count, struct kevent* receipts) noexcept {
    const timespec now{};
    int result = 0;
    // After EINTR all changes may have been applied; to apply them again does no harm. With space for more than the
    // receipts it would fetch events.
    do {
        result = ::kevent(kq, changes, count, receipts, receipts ? count : Count{0}, &now);
    } while (result == -1 && errno == EINTR);
    return result == -1 ? -1 : 0;
}

} // namespace pollux::kqueue
