// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstdint>

namespace pollux::io_uring {

/// What can be expected of the poll requests of a source.
enum class SourceKind : std::uint8_t {
    unknown,      // not asked yet, or there is no descriptor left to find it out with
    socket,       // may have POLLPRI in a completion because of ordinary data
    pollable,     // reports changes, and conditions that its next poll(2) may not repeat
    always_ready, // reports no change, as the kernel cannot wait for it: each multishot request of it ends at once
};

/// Asks the kernel, by one to four system calls. A descriptor that is not open is pollable: a request says EBADF.
SourceKind kind_of(Source source) noexcept;

} // namespace pollux::io_uring
