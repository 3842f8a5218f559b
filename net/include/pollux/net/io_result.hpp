// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

namespace pollux::net {

/// A Buffer is memory that a call reads into, a ConstBuffer memory that it writes. A call with several buffers uses one
/// after the other.
using Buffer = std::span<std::byte>;
using ConstBuffer = std::span<const std::byte>;

/// The most buffers that one call uses; those that follow are left to the next call.    [stream.many_buffers]
inline constexpr std::size_t most_buffers = 128;

/// A Progress states how a non-blocking call ended. That it would block is a result, not an error.
enum class Progress : std::uint8_t {
    done,        ///< the call did what was requested, or a part of it
    would_block, ///< nothing happened; wait for the event, and call again
    ended,       ///< the other side will send no more, and all that it sent was read
    failed       ///< `error` holds the reason
};

/// An IoResult is the result of a non-blocking call.
struct [[nodiscard]] IoResult {
    Progress progress = Progress::done;
    std::error_code error; // set if and only if the call failed

    bool is_done() const noexcept { return progress == Progress::done; }
    bool would_block() const noexcept { return progress == Progress::would_block; }
    bool is_end() const noexcept { return progress == Progress::ended; }
    bool has_failed() const noexcept { return progress == Progress::failed; }

    static IoResult failure(const std::error_code& error) noexcept { return {Progress::failed, error}; }
};

/// A Transfer is the result of a read or a write: at least 1 byte if it is done, unless all buffers are empty.
struct [[nodiscard]] Transfer : IoResult {
    std::size_t count = 0; // bytes; 0 unless the call is done
};

} // namespace pollux::net
