// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

/// The data that goes through Pollux: a Watch goes in, an Event comes out.
namespace pollux {

/// What is watched: the operating system's own name for it. Never owned, never closed by Pollux.
#ifdef _WIN32
using Source = std::uintptr_t; // SOCKET
#else
using Source = int; // file descriptor
#endif

/// The caller's name for a watch: goes in with the Watch, comes back unread in each Event [add.tokens].
enum class Token : std::uint64_t {};

/// The token of the Event that Registrator::wake() causes. No watch may use it [add.wake_token].
inline constexpr Token wake_token{~std::uint64_t{0}};

/// The highest 2^16 tokens are reserved, wake_token among them: a backend or a layer uses the others for itself. No
/// watch may use them [add.reserved_token].
constexpr bool is_reserved(Token token) noexcept {
    return static_cast<std::uint64_t>(token) >= ~std::uint64_t{0} - 0xffff;
}

/// A set of conditions.
///
/// readable, writable and priority are promises and may be asked for:
///
///     readable   a read would not block: data [add.reports], a queued connection [accept.ready], also one that
///                no descriptor is free for yet [accept.no_room], a datagram, also an empty one [datagram.empty],
///                the end of the stream [end.of_stream], which comes after all data [end.after_data], or the last
///                writer of a pipe gone [end.pipe_writer_gone]
///     writable   a write would not block: there is room [level.writable], a connect() has ended, well
///                [connect.succeeds] or badly [connect.refused], or the reader of a pipe is gone
///                [end.pipe_reader_gone]
///     priority   out-of-band data [priority.asked]; it does not disturb who did not ask [priority.unasked]
///
/// closed and failed are hints: they come unasked, some systems never give them, and they are true when they
/// come [hints.are_true]. closed: the other side will send no more. failed: an error waits in the source. The
/// next read or write says which it is: so on a source that was reset an event has the direction that was asked
/// for [end.reset], and an error that is read once is reported no more [datagram.refused]. On a source that
/// ended or failed, readable and writable may both be set, asked for or not, as neither call would block.
///
/// expired comes from a layer that keeps time, never from a plugin.
enum class Ready : std::uint8_t {
    none = 0,
    readable = 1,
    writable = 2,
    priority = 4,
    closed = 8,
    failed = 16,
    expired = 32
};

constexpr Ready operator|(Ready a, Ready b) noexcept {
    return static_cast<Ready>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr Ready operator&(Ready a, Ready b) noexcept {
    return static_cast<Ready>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
constexpr Ready& operator|=(Ready& a, Ready b) noexcept { return a = a | b; }

/// Whether the set has a member: `if (any(event.ready & Ready::readable))`.
constexpr bool any(Ready set) noexcept { return set != Ready::none; }

/// How often a ready source is reported. What a backend offers is in its Capabilities.
enum class Mode : std::uint8_t {
    /// Once [oneshot.once], with all that is ready in that one event [oneshot.both_directions]; then silent, whatever
    /// happens to its source [oneshot.silent], but still registered [oneshot.stays_registered], until modify()
    /// [oneshot.rearm_while_ready].
    oneshot,
    /// In every select() while the source is ready, then silent [level.repeats]: also for the end of the stream
    /// [level.end_repeats] and for queued connections [accept.repeats].
    level,
    /// Once for each arrival [edge.once]: new data is a new event, read or not [edge.new_data], a part that was
    /// left is none [edge.partial_read], nor is a queued connection that was left [edge.listener]. Nothing is
    /// lost between a drained source and the next data [edge.after_drain].
    edge
};

/// What goes in: report `interest` of a source under the name `token`.
///
/// Without a promise in `interest` the watch is paused: it stays registered, and no event of it is reported, whatever
/// happens to its source [add.no_interest], also when the source ends, is reset or loses its peer, and nothing of that
/// ends a select() [modify.pauses] or keeps other events back [pause.hides_nothing]. What holds of the source is
/// reported when the watch is resumed. Hints and expired in `interest` are ignored [add.no_interest]. A one-shot or
/// edge watch does not spin on what it cannot act upon: a peer that closed its sending half, for one that asks for
/// writable only [end.half_closed], or a socket that was never connected [unconnected.no_spin].
struct Watch {
    Token token;
    Ready interest;
    Mode mode = Mode::oneshot;
};

/// What comes out: all that is ready of one watch [buffer.one_event_per_watch]. When the buffer is full, a direction
/// of an edge watch may come with a later call [buffer.lossless].
struct Event {
    Token token;
    Ready ready;
};

/// How long to wait, from the call on; none = forever [timeout.forever]. Zero looks and does not sleep
/// [timeout.zero], negative is zero [timeout.negative], and the whole range works [timeout.huge].
using Timeout = std::optional<std::chrono::nanoseconds>;
inline constexpr Timeout forever = std::nullopt;

} // namespace pollux
