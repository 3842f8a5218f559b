// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/plugin.hpp>

#include <cstdint>

#include <sys/event.h>
#include <sys/types.h>

namespace pollux::kqueue {

using Generation = std::uintptr_t; // fits into udata

/// The type of kevent(2)'s counts: int, or std::size_t on NetBSD.
template <typename Count>
Count counts_in(int (*)(int, const struct kevent*, Count, struct kevent*, Count, const timespec*));
using Count = decltype(counts_in(&::kevent));

/// The Filters are a watch as the kernel has it: up to three filters of its source, each an entry of its own.
struct Filters {
    enum : std::uint8_t { none = 0, reads = 1, writes = 2, excepts = 4, ended = 8 };

    Watch watch{};
    Generation generation = 0;
    /// Which filters there are. `ended` replaces `writes` of a pipe that has lost its reader: most systems refuse
    /// EVFILT_WRITE then (EPIPE; NetBSD: EBADF), and an EVFILT_USER that stays triggered is reported in its place.
    std::uint8_t set = none;
};

/// Returns the filters that a watch needs; `set` is none for a paused one.
Filters filters_for(const Watch& watch, Generation generation) noexcept;

/// Replaces the filters of a source in one call. A failure leaves the old ones.
/// Errors: bad_file_descriptor, not_enough_memory; operation_not_supported for a source that has no such filter.
std::error_code replace(int kq, Source source, const Filters& from, Filters& to) noexcept;

/// Returns the conditions that a kevent of these filters reports; none if the interest has none of them.
Ready ready_of(const struct kevent& event, const Filters& filters) noexcept;

/// Returns whether the event is of an entry that the close of its source did not remove: the EVFILT_USER that replaces
/// EVFILT_WRITE.
bool has_outlived_its_source(const struct kevent& event) noexcept;

Generation generation_of(const struct kevent& event) noexcept;

/// Calls kevent(2) with changes only. The receipts, one for each change, have its result; if `receipts` is null, the
/// function returns 0, or -1 and errno.
int change(int kq, const struct kevent* changes, Count count, struct kevent* receipts) noexcept;

} // namespace pollux::kqueue
