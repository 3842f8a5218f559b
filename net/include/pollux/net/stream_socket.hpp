// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/net/io_result.hpp>
#include <pollux/net/owned_source.hpp>

namespace pollux::net {

/// A StreamSocket carries bytes in both directions, in order: the base class of TcpStream and UnixStream.
///
///     connect() ──▶ writable ──▶ finish_connect() ──▶ read(), write() ──▶ shut_down_writing() ──▶ end of the stream
///
/// All calls are non-blocking. A call that a signal interrupts is continued, not failed.  [stream.interrupted]
class StreamSocket : public OwnedSource {
  public:
    /// Returns how the connect() that began this stream ended: call it when the stream is writable.
    ///
    /// done:        the stream is connected                                             [tcp.connects]
    /// would_block: the connect() is still under way                                    [tcp.in_progress]
    ///
    /// Errors: connection_refused  no socket listens at the address                     [tcp.refused]
    ///         timed_out, host_unreachable, network_unreachable  and others of the network
    ///         not_connected       the failure was returned before                      [tcp.refused]
    IoResult finish_connect() noexcept;

    /// Reads what is available into one buffer or several, up to their size.            [stream.vectored]
    ///
    /// done:        with 0 bytes if all buffers are empty, even at the end of the stream  [stream.empty]
    /// would_block: nothing is available yet                                            [stream.would_block]
    /// ended:       the other side sends no more; each later call returns this, too     [stream.end]
    ///
    /// Errors: connection_reset  the other side aborted; what it had sent may be lost   [stream.reset]
    ///         not_connected     the stream was never connected, or is not yet
    Transfer read(Buffer buffer) noexcept;
    Transfer read(std::span<const Buffer> buffers) noexcept;

    /// Writes as much as the system has room for, at most 1 GiB; this may be a part.    [stream.would_block]
    ///
    /// Errors: broken_pipe or connection_reset  the other side reads no more; no SIGPIPE is raised
    ///                                                                                  [stream.no_sigpipe]
    ///         not_connected                    the stream was never connected, or is not yet
    Transfer write(ConstBuffer buffer) noexcept;
    Transfer write(std::span<const ConstBuffer> buffers) noexcept;

    /// Ends the direction in which this side writes: the other side reads what was sent, then the end of the stream. It
    /// may still write.                                                                 [stream.half_close]
    ///
    /// Errors: not_connected  the stream was never connected, or is no longer
    [[nodiscard]] std::error_code shut_down_writing() noexcept;

    /// Returns the pending error of the socket (SO_ERROR) and clears it; no error if none is pending.
    ///                                                                                  [stream.take_error]
    [[nodiscard]] std::error_code take_error() noexcept;

  protected:
    using OwnedSource::OwnedSource;
    StreamSocket(StreamSocket&&) noexcept = default;
    StreamSocket& operator=(StreamSocket&&) noexcept = default;
    ~StreamSocket() = default;
};

} // namespace pollux::net
