// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/net/address.hpp>
#include <pollux/net/stream_socket.hpp>

namespace pollux::net {

/// A TcpStream owns one end of a TCP connection.
class TcpStream : public StreamSocket {
  public:
    /// Constructs an object that owns nothing, to be assigned to.
    TcpStream() noexcept = default;

    /// Begins to connect, without blocking. Watch the stream for writable; finish_connect() then returns how it ended.
    ///
    /// On failure the stream owns nothing. This call returns what the system knows at once, finish_connect() all other
    /// errors: a refusal may come from either.                                          [tcp.refused]
    ///
    /// Errors: too_many_files_open               or too_many_files_open_in_system
    ///         network_unreachable               no route, for example because the system has no IPv6
    ///         resource_unavailable_try_again    Linux: no local port is free, see connect(2); address_not_available
    ///                                           elsewhere
    static TcpStream connect(const Address& to, std::error_code& error) noexcept;

    /// Takes ownership of a connected or connecting TCP socket, and makes it non-blocking
    /// and close-on-exec.                                                               [owner.adopts]
    /// A socket whose connection has ended, or whose connect() has failed, is accepted as long as its error was not
    /// returned. On failure the stream owns nothing, and the caller keeps the socket, unchanged.
    ///
    /// Errors: bad_file_descriptor           not open                                   [owner.adopts]
    ///         not_a_socket                  Windows: bad_file_descriptor               [owner.adopts]
    ///         wrong_protocol_type           datagrams, packets in sequence, another protocol than TCP, except Linux's
    ///                                       MPTCP                                      [owner.adopts]
    ///         address_family_not_supported  neither IPv4 nor IPv6, such as a Unix socket  [owner.adopts]
    ///         invalid_argument              listening                                  [owner.adopts]
    ///         not_connected                 neither connected nor connecting; Windows and macOS do not report it
    ///                                                                                  [owner.adopts]
    static TcpStream adopt(Source source, std::error_code& error) noexcept;

    /// Return the addresses of both ends; 0.0.0.0:0 on failure.                         [listener.accepts]
    ///
    /// Errors: not_connected  peer_address() only: the stream is not yet connected, or no longer
    Address local_address(std::error_code& error) const noexcept;
    Address peer_address(std::error_code& error) const noexcept;

    /// Sets whether small writes are sent at once (TCP_NODELAY), or wait until the last is acknowledged. It is off for
    /// a new connection.                                                                [tcp.nodelay]
    [[nodiscard]] std::error_code set_nodelay(bool on) noexcept;
    bool nodelay(std::error_code& error) const noexcept;

  private:
    friend class TcpListener;
    using StreamSocket::StreamSocket;
};

} // namespace pollux::net
