// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/outcome.hpp>
#include <pollux/owned_source.hpp>

namespace pollux {

/// What TcpStream and UnixStream have in common: bytes in both directions, in order.
///
///     connect() ──▶ writable ──▶ finish_connect() ──▶ read(), write() ──▶ shut_down_writing() ──▶ end of the stream
///
/// No call waits. One that a signal interrupts goes on by itself [stream.interrupted].
class StreamSocket : public OwnedSource {
  public:
    /// How the connect() that began this stream ended: ask when it is writable.
    ///
    /// done: it is connected [tcp.connects]. would_block: it is still under way [tcp.in_progress].
    ///
    /// Errors: connection_refused  nobody listens there                                     [tcp.refused]
    ///         timed_out, host_unreachable, network_unreachable  and others of the network
    ///         not_connected       the failure was told before                              [tcp.refused]
    Outcome finish_connect() noexcept;

    /// Reads what is there, into one buffer or several, up to their size [stream.vectored].
    ///
    /// would_block: nothing is there yet [stream.would_block]. ended: nothing will come any more, told again each
    /// time [stream.end]. Buffers without room are done with 0 bytes, whatever the stream has [stream.empty].
    ///
    /// Errors: connection_reset  the other side gave up; what it had sent may be lost       [stream.reset]
    ///         not_connected     never, or not yet
    Transfer read(Buffer buffer) noexcept;
    Transfer read(std::span<const Buffer> buffers) noexcept;

    /// Writes as much as there is room for, which may be a part [stream.would_block]; at most 1 GiB at once.
    ///
    /// Errors: broken_pipe or connection_reset  nobody reads any more; no SIGPIPE           [stream.no_sigpipe]
    ///         not_connected                    never, or not yet
    Transfer write(ConstBuffer buffer) noexcept;
    Transfer write(std::span<const ConstBuffer> buffers) noexcept;

    /// Nothing more will be written: the other side reads what is on its way, then the end of the stream, and may go
    /// on to write [stream.half_close].
    ///
    /// Errors: not_connected  never, or no more
    std::error_code shut_down_writing() noexcept;

    /// The error that waits in the socket, which is taken out of it; none if none waits [stream.take_error].
    std::error_code take_error() noexcept;

  protected:
    using OwnedSource::OwnedSource;
    StreamSocket(StreamSocket&&) noexcept = default;
    StreamSocket& operator=(StreamSocket&&) noexcept = default;
    ~StreamSocket() = default;
};

} // namespace pollux
