// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

namespace pollux {

/// What bytes are read into, and what is written. A call with several fills, or writes, one after the other.
using Buffer = std::span<std::byte>;
using ConstBuffer = std::span<const std::byte>;

/// The buffers that one call takes at most; what is behind them waits for the next [stream.many_buffers].
inline constexpr std::size_t most_buffers = 128;

/// How a call ended that does not wait. That it would have had to is an answer like others, and no error.
enum class Progress : std::uint8_t {
    done,        ///< it did what was asked for, or a part of it
    would_block, ///< nothing happened; wait for the event, and call again
    ended,       ///< the other side will send no more, and all that it sent was read
    failed       ///< `error` says why
};

struct [[nodiscard]] Outcome {
    Progress progress = Progress::done;
    std::error_code error; // set if and only if it failed

    bool is_done() const noexcept { return progress == Progress::done; }
    bool would_block() const noexcept { return progress == Progress::would_block; }
    bool is_end() const noexcept { return progress == Progress::ended; }
    bool has_failed() const noexcept { return progress == Progress::failed; }

    static Outcome failure(const std::error_code& error) noexcept { return {Progress::failed, error}; }
};

/// What a read or write came to: 1 byte at least if it is done, unless the buffers had no room at all.
struct [[nodiscard]] Transfer : Outcome {
    std::size_t count = 0; // bytes; 0 if it is not done
};

} // namespace pollux
