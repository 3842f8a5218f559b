// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstdint>

namespace pollux::io_uring {

/// A SourceKind states how the kernel completes poll requests of a source.
enum class SourceKind : std::uint8_t {
    unknown,      // not determined yet, or there is no file descriptor left to determine it with
    socket,       // may have POLLPRI in a completion because of ordinary data
    pollable,     // reports changes, and conditions that its next poll(2) may not repeat
    always_ready, // reports no change, as the kernel cannot wait for it: each multishot request of it ends at once
};

/// Determines the kind of a source, by one to four system calls. One that is not open is pollable: a request of it
/// returns EBADF.
SourceKind kind_of(Source source) noexcept;

} // namespace pollux::io_uring
