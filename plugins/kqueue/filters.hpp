// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/plugin.hpp>

#include <cstdint>

#include <sys/event.h>
#include <sys/types.h>

namespace pollux::kqueue {

using Generation = std::uintptr_t; // what udata has room for

/// What kevent(2) counts in: int, or std::size_t on NetBSD.
template <typename Count>
Count counts_in(int (*)(int, const struct kevent*, Count, struct kevent*, Count, const timespec*));
using Count = decltype(counts_in(&::kevent));

/// A watch as the kernel has it: up to three filters of its source, each an entry of its own.
struct Filters {
    enum : std::uint8_t { none = 0, reads = 1, writes = 2, excepts = 4, ended = 8 };

    Watch watch{};
    Generation generation = 0;
    /// Which filters there are. `ended` stands for `writes` of a pipe that has lost its reader: most systems refuse
    /// EVFILT_WRITE then (EPIPE; NetBSD: EBADF), and an EVFILT_USER that stays triggered says what it would have said.
    std::uint8_t set = none;
};

/// What a watch needs; `set` is none for a paused one.
Filters filters_for(const Watch& watch, Generation generation) noexcept;

/// Turns the filters of a source from one set into another, in one call; bad_file_descriptor, not_enough_memory, and
/// operation_not_supported for what has no such filter. A failure leaves those that there were.
std::error_code replace(int kq, Source source, const Filters& from, Filters& to) noexcept;

/// What a kevent of these filters says; none for what was not asked for.
Ready ready_of(const struct kevent& event, const Filters& filters) noexcept;

/// Whether it is of an entry that the close of its source did not take away: the one that stands for EVFILT_WRITE.
bool has_outlived_its_source(const struct kevent& event) noexcept;

Generation generation_of(const struct kevent& event) noexcept;

/// kevent(2) with changes only. With receipts, one for each change, they have what became of it; without, it is 0, or
/// -1 and errno.
int change(int kq, const struct kevent* changes, Count count, struct kevent* receipts) noexcept;

} // namespace pollux::kqueue
