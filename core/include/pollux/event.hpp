// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

/// The data that passes through Pollux: a program registers a Watch and receives Events.
namespace pollux {

/// A Source is a file descriptor, or a SOCKET under Windows, to watch. Pollux neither owns nor closes it.
#ifdef _WIN32
using Source = std::uintptr_t; // SOCKET
#else
using Source = int; // file descriptor
#endif

/// A Token is the caller's name for a watch. Each Event of the watch has it, unchanged. [add.tokens]
enum class Token : std::uint64_t {};

/// The token of the Event that Registrator::wake() causes. No watch may use it.         [add.wake_token]
inline constexpr Token wake_token{~std::uint64_t{0}};

/// Returns whether `token` is reserved: the highest 2^16 are, wake_token among them. Backends and
/// layers use the reserved tokens internally. No watch may use one.                     [add.reserved_token]
constexpr bool is_reserved(Token token) noexcept {
    return static_cast<std::uint64_t>(token) >= ~std::uint64_t{0} - 0xffff;
}

/// A Ready is a set of conditions.
///
/// readable, writable and priority are promises: an interest may have them, and a backend has to report them.
///
///     readable   A read would not block, because
///                - data has arrived,                                                   [add.reports]
///                - a connection is queued,                                             [accept.ready]
///                  even if no file descriptor is free for it,                          [accept.no_descriptor]
///                - a datagram has arrived, even if it is empty,                        [datagram.empty]
///                - the stream has ended,                                               [end.of_stream]
///                  which is read after all data, or                                    [end.after_data]
///                - the last writer of a pipe is gone.                                  [end.pipe_writer_gone]
///     writable   A write would not block, because
///                - the send buffer has space,                                          [level.writable]
///                - a connect() has succeeded,                                          [connect.succeeds]
///                - a connect() has failed, or                                          [connect.refused]
///                - the last reader of a pipe is gone.                                  [end.pipe_reader_gone]
///     priority   Out-of-band data has arrived.                                         [priority.asked]
///                It does not disturb a watch without priority in its interest.         [priority.unasked]
///
/// closed and failed are hints: they are reported whether or not the interest has them, and some systems never report
/// them. A hint that is reported is true.                                               [hints.are_true]
///
///     closed     The peer will send no more.
///     failed     An error is pending on the source, and the next read or write returns it:
///                - after a reset, the event has a condition of the interest;           [end.reset]
///                - an error that a call returned is not reported again.                [datagram.refused]
///
/// On a source that ended or failed, readable and writable may both be set, whether or not the interest has them, as
/// neither a read nor a write would block.
///
/// expired is reported by a timer layer, never by a backend.
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

/// Returns whether `set` has a member: `if (any(event.ready & Ready::readable))`.
constexpr bool any(Ready set) noexcept { return set != Ready::none; }

/// A Mode states how often a ready source is reported. The Capabilities of a backend state which modes it offers.
enum class Mode : std::uint8_t {
    /// Reports a ready source once,                                                     [oneshot.once]
    /// with all that is ready in that one event.                                        [oneshot.both_directions]
    /// Then the watch is spent: it stays registered,                                    [oneshot.stays_registered]
    /// but no event of its source is reported                                           [oneshot.silent]
    /// until modify() arms it again.                                                    [oneshot.rearm_while_ready]
    oneshot,
    /// Reports a source in every select() while it is ready, and no longer.             [level.repeats]
    /// That holds for the end of the stream                                             [level.end_repeats]
    /// and for queued connections as well.                                              [accept.repeats]
    level,
    /// Reports a source once for each arrival.                                          [edge.once]
    /// New data is a new event, whether or not the earlier data was read.               [edge.new_data]
    /// Data that a read left unread causes no event,                                    [edge.partial_read]
    /// nor does a connection that accept() left in the queue.                           [edge.listener]
    /// Data that arrives after the source was drained is always reported.               [edge.after_drain]
    edge
};

/// A Watch requests events of a source: those of `interest`, with `token` in them, as often as `mode` states.
///
/// A watch without a promise in its `interest` is paused: it stays registered, and no event of it is
/// reported. Hints and expired in `interest` are ignored.                               [add.no_interest]
/// The end of its source, a reset or a hang-up does not end a select()                  [modify.pauses]
/// or delay another event.                                                              [pause.starves_nothing]
/// When the watch is resumed, the conditions of its source at that time are reported.
///
/// A one-shot or edge watch does not make select() spin because of:
/// - a peer that closed its sending half, if its interest is writable only;             [end.half_closed]
/// - a socket that was never connected.                                                 [unconnected.no_spin]
///
/// For each kind of source, in each of its states, and for each mode and interest: the conditions of the interest that
/// hold are reported, as often as the mode states, and no others but those of an end or a failure. That holds
/// - for the state in which a source is added or modified,                              [table.states]
/// - for each later change of its state, and                                            [table.changes]
/// - if other sources are ready, even more than a buffer has room for.                  [table.batches]
///
/// Whatever the mode and interest of a watch, select() does not spin because its source ended or failed: it
/// reports the source, or sleeps.                                                       [end.no_spin]
struct Watch {
    Token token;
    Ready interest;
    Mode mode = Mode::oneshot;
};

/// An Event reports all conditions of one watch that hold.                              [buffer.one_event_per_watch]
/// If the buffer is full, the event of an edge watch may lack conditions: a later
/// select() reports these.                                                              [buffer.lossless]
struct Event {
    Token token;
    Ready ready;
};

/// A Timeout states how long a call waits, from its start.
/// - `forever`: it waits without a limit.                                               [timeout.forever]
/// - Zero: it is non-blocking.                                                          [timeout.zero]
/// - Negative: the same as zero.                                                        [timeout.negative]
/// - All other values of the type are valid as well.                                    [timeout.huge]
using Timeout = std::optional<std::chrono::nanoseconds>;
inline constexpr Timeout forever = std::nullopt;

} // namespace pollux
