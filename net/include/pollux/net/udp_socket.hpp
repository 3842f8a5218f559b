// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/net/address.hpp>
#include <pollux/net/io_result.hpp>
#include <pollux/net/owned_source.hpp>

namespace pollux::net {

/// BindOptions are the options of UdpSocket::bind().
struct BindOptions {
    bool reuse_port = false; // as in ListenOptions
    bool only_ipv6 = true;
};

/// A UdpSocket owns a UDP socket. A datagram that it sends arrives whole or not at all, and may arrive late or twice.
///
/// All calls are non-blocking. A call that a signal interrupts is continued, not failed.
class UdpSocket : public OwnedSource {
  public:
    /// A Received is the result of receive_from() and receive().
    struct [[nodiscard]] Received : Transfer {
        bool truncated = false; // the datagram was longer than the buffer; the rest is lost  [udp.truncated]
        Address from;           // 0.0.0.0:0 unless the call is done
    };

    /// Constructs an object that owns nothing, to be assigned to.
    UdpSocket() noexcept = default;

    /// Binds to an address of this machine. For port 0 the system chooses a free one: see local_address().
    ///
    /// Errors: as for TcpListener::listen()                                             [udp.bind_fails]
    static UdpSocket bind(const Address& at, const BindOptions& options, std::error_code& error) noexcept;
    static UdpSocket bind(const Address& at, std::error_code& error) noexcept { return bind(at, {}, error); }

    /// Takes ownership of a UDP socket, bound or not, connected or not, with the errors of TcpStream::adopt().
    ///                                                                                  [owner.adopts]
    static UdpSocket adopt(Source source, std::error_code& error) noexcept;

    /// Makes `peer` the address that send() sends to, and the only one that is received from. No datagram is sent, and
    /// the call completes at once.                                                      [udp.connects]
    ///
    /// Errors: network_unreachable  no route
    [[nodiscard]] std::error_code connect(const Address& peer) noexcept;

    /// Sends `bytes` as one datagram, whole, even if empty.                             [udp.empty]
    ///
    /// would_block: the system has no room for it
    ///
    /// Errors: message_size          longer than a datagram may be (65,507 bytes of IPv4)  [udp.too_long]
    ///         connection_refused    no socket received an earlier datagram             [udp.refused]
    ///         destination_address_required  connect() was not called (Windows: not_connected)  [udp.connects]
    ///         no_buffer_space       BSD, macOS: no room, and no event reports when there is room again
    Transfer send(ConstBuffer bytes) noexcept;
    /// Sends `bytes` as send() does, to the address `to`.                               [udp.sends_to]
    Transfer send_to(ConstBuffer bytes, const Address& to) noexcept;

    /// Receives one datagram, and the address of its sender.                            [udp.sends_to]
    ///
    /// done:        0 bytes are an empty datagram                                       [udp.empty]
    ///              `truncated` is set if the datagram was longer than the buffer       [udp.truncated]
    /// would_block: no datagram is available                                            [udp.would_block]
    ///
    /// Errors: connection_refused  connected sockets only: no socket received what was sent; returned once
    ///                                                                                  [udp.refused]
    Received receive_from(Buffer buffer) noexcept;
    /// Receives one datagram without the address of its sender, for a socket that is connected.
    Received receive(Buffer buffer) noexcept;

    Address local_address(std::error_code& error) const noexcept;
    /// Errors: not_connected                                                            [udp.connects]
    Address peer_address(std::error_code& error) const noexcept;

    /// Returns the pending error and clears it, as StreamSocket::take_error() does.
    [[nodiscard]] std::error_code take_error() noexcept;

  private:
    using OwnedSource::OwnedSource;
};

} // namespace pollux::net
