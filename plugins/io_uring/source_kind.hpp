// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstdint>

namespace pollux::io_uring {

/// A SourceKind states how the kernel completes poll requests of a source.
enum class SourceKind : std::uint8_t {
    unknown,      // not determined yet, or there is no file descriptor left to determine it with
    socket,       // its completions may have POLLPRI because of ordinary data
    pollable,     // its completions may have conditions that its next poll(2) does not repeat
    always_ready, // the kernel cannot wait for it: each multishot request of it ends at once
};

/// Determines the kind of a source, by one to four system calls. A source that is not open is pollable: its request
/// completes with EBADF.
SourceKind kind_of(Source source) noexcept;

} // namespace pollux::io_uring
