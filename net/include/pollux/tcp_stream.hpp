// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/address.hpp>
#include <pollux/stream_socket.hpp>

namespace pollux {

/// One end of a TCP connection.
class TcpStream : public StreamSocket {
  public:
    /// One that owns nothing, to be assigned to.
    TcpStream() noexcept = default;

    /// Begins to connect, and does not wait: watch it for writable, then finish_connect() says how it ended.
    ///
    /// On failure the stream owns nothing. What the system knows at once is told here, all else by
    /// finish_connect(): a refusal may be either [tcp.refused].
    ///
    /// Errors: too_many_files_open               also too_many_files_open_in_system
    ///         network_unreachable               no route, for one because the system has no IPv6
    ///         resource_unavailable_try_again    Linux: no local port is free, see connect(2); address_not_available
    ///                                           elsewhere
    static TcpStream connect(const Address& to, std::error_code& error) noexcept;

    /// Takes over a connected or connecting TCP socket, and makes it non-blocking and closed by exec [owner.adopts].
    /// One whose connection has ended, or whose connect() has failed, is taken over as long as its error was not
    /// reported. On failure the stream owns nothing, and the socket is the caller's, unchanged.
    ///
    /// Errors: bad_file_descriptor           not open                                       [owner.adopts]
    ///         not_a_socket                  Windows: bad_file_descriptor                   [owner.adopts]
    ///         wrong_protocol_type           datagrams, packets in sequence, another protocol than TCP, Linux's MPTCP
    ///                                       excepted                                       [owner.adopts]
    ///         address_family_not_supported  neither IPv4 nor IPv6: a Unix socket, for one  [owner.adopts]
    ///         invalid_argument              listening                                      [owner.adopts]
    ///         not_connected                 never connected nor connecting; Windows and macOS do not report it
    ///                                                                                      [owner.adopts]
    static TcpStream adopt(Source source, std::error_code& error) noexcept;

    /// Addresses of both ends [listener.accepts]; 0.0.0.0:0 on failure.
    ///
    /// Errors: not_connected  only the peer's: not yet, or no more
    Address local_address(std::error_code& error) const noexcept;
    Address peer_address(std::error_code& error) const noexcept;

    /// Whether small writes go out at once (TCP_NODELAY) instead of waiting for the last to be acknowledged; off for a
    /// new connection [tcp.nodelay].
    std::error_code set_nodelay(bool on) noexcept;
    bool nodelay(std::error_code& error) const noexcept;

  private:
    friend class TcpListener;
    using StreamSocket::StreamSocket;
};

} // namespace pollux
