// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/address.hpp>
#include <pollux/outcome.hpp>
#include <pollux/owned_source.hpp>

namespace pollux {

/// How a UdpSocket is bound.
struct BindOptions {
    bool reuse_port = false; // as ListenOptions
    bool only_ipv6 = true;
};

/// Sends and receives datagrams: each arrives whole, late, twice, or never.
///
/// No call waits. One that a signal interrupts goes on by itself.
class UdpSocket : public OwnedSource {
  public:
    /// What a datagram came with.
    struct [[nodiscard]] Received : Transfer {
        bool truncated = false; // it was longer than the buffer; the rest is gone [udp.truncated]
        Address from;           // 0.0.0.0:0 unless it is done
    };

    /// One that owns nothing, to be assigned to.
    UdpSocket() noexcept = default;

    /// Binds to an address of this machine; port 0: one that is free, see local_address().
    ///
    /// Errors: as for TcpListener::listen()                                                 [udp.bind_fails]
    static UdpSocket bind(const Address& at, const BindOptions& options, std::error_code& error) noexcept;
    static UdpSocket bind(const Address& at, std::error_code& error) noexcept { return bind(at, {}, error); }

    /// Takes over a UDP socket, bound or not, connected or not, with the errors of TcpStream::adopt() [owner.adopts].
    static UdpSocket adopt(Source source, std::error_code& error) noexcept;

    /// From now on send() goes to that address, and nothing is received from others [udp.connects]. Ends at once: no
    /// datagram is sent.
    ///
    /// Errors: network_unreachable  no route
    std::error_code connect(const Address& peer) noexcept;

    /// Sends one datagram, whole, also an empty one [udp.empty]. would_block: no room for it now.
    ///
    /// Errors: message_size          longer than a datagram may be (65,507 bytes of IPv4)   [udp.too_long]
    ///         connection_refused    an earlier one: nobody receives there                  [udp.refused]
    ///         destination_address_required  connect() was not called (Windows: not_connected) [udp.connects]
    ///         no_buffer_space       BSD, macOS: no room now, and no event will tell when there is
    Transfer send(ConstBuffer bytes) noexcept;
    /// The same, to that address [udp.sends_to].
    Transfer send_to(ConstBuffer bytes, const Address& to) noexcept;

    /// Receives one datagram, and who sent it [udp.sends_to]: done with 0 bytes is an empty one [udp.empty], and what
    /// has no room in the buffer is lost, which is told [udp.truncated]. would_block: none is there [udp.would_block].
    ///
    /// Errors: connection_refused  after connect(): nobody receives what was sent; told once [udp.refused]
    Received receive_from(Buffer buffer) noexcept;
    /// The same without the address, for a socket that is connected.
    Received receive(Buffer buffer) noexcept;

    Address local_address(std::error_code& error) const noexcept;
    /// Errors: not_connected                                                                [udp.connects]
    Address peer_address(std::error_code& error) const noexcept;

    /// As StreamSocket::take_error().
    std::error_code take_error() noexcept;

  private:
    using OwnedSource::OwnedSource;
};

} // namespace pollux
