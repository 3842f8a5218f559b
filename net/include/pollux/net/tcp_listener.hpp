// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/net/tcp_stream.hpp>

namespace pollux::net {

/// ListenOptions are the options of TcpListener::listen().
struct ListenOptions {
    /// The number of connections that may wait to be accepted, not negative. The system has a limit, too (Linux:
    /// net.core.somaxconn).
    int backlog = 4096;
    /// Allows an address at which connections of a former listener are still closing (SO_REUSEADDR), but none at which
    /// another socket listens. Windows allows it always: SO_REUSEADDR would let any process take over the port there,
    /// so SO_EXCLUSIVEADDRUSE is set, whatever the value of this option.                [listener.in_use]
    bool reuse_address = true;
    /// Allows several listeners at one address if all of them set this (SO_REUSEPORT): Linux delivers each connection
    /// to one of them.                                                                  [listener.reuse_port]
    bool reuse_port = false;
    /// Accepts IPv6 only at an IPv6 address; if false, accepts IPv4, too, whose peers have addresses like
    /// ::ffff:192.0.2.1. IPV6_V6ONLY is always set or cleared, since the systems' defaults differ.
    ///                                                                                  [listener.only_ipv6]
    bool only_ipv6 = true;
};

/// A TcpListener owns a socket that listens for TCP connections.
class TcpListener : public OwnedSource {
  public:
    /// An Accepted is the result of accept().
    struct [[nodiscard]] Accepted : IoResult {
        TcpStream stream; // owns nothing unless the call is done
        Address peer;
    };

    /// Constructs an object that owns nothing, to be assigned to.
    TcpListener() noexcept = default;

    /// Listens at an address of this machine. For port 0 the system chooses a free one: see local_address().
    ///
    /// Errors: address_in_use           another socket listens there                    [listener.in_use]
    ///         address_not_available    not an address of this machine                  [listener.in_use]
    ///         address_family_not_supported  the system has no IPv6
    ///         permission_denied        a port below 1024, on many systems
    ///         operation_not_supported  reuse_port on Windows, which does not have it   [listener.reuse_port]
    ///         invalid_argument         a negative backlog                              [listener.in_use]
    static TcpListener listen(const Address& at, const ListenOptions& options, std::error_code& error) noexcept;
    static TcpListener listen(const Address& at, std::error_code& error) noexcept { return listen(at, {}, error); }

    /// Takes ownership of a listening TCP socket, with the errors of TcpStream::adopt() and this one.
    ///
    /// Errors: invalid_argument  the socket does not listen                             [owner.adopts]
    static TcpListener adopt(Source source, std::error_code& error) noexcept;

    /// Accepts the next connection, and returns it with the address of its peer.        [listener.accepts]
    ///
    /// would_block: no connection waits                                                 [listener.would_block]
    ///
    /// Errors: those for which is_transient() is true, and
    ///         too_many_files_open, too_many_files_open_in_system, no_buffer_space, not_enough_memory
    ///                                     the connection stays in the queue, so a level watch reports it repeatedly:
    ///                                     pause the watch until something is closed    [listener.no_descriptor]
    Accepted accept() noexcept;

    /// Returns whether `error` of accept() concerns one connection only, which is lost: the listener is usable, and the
    /// next accept() continues with the next connection.                                [listener.transient]
    ///
    /// These are connection_aborted (BSD, macOS), connection_reset (Windows), and the errors that Linux passes on from
    /// the network, see accept(2): network_down, protocol_error, no_protocol_option, host_unreachable,
    /// operation_not_supported, network_unreachable, EHOSTDOWN, ENONET, and from a firewall operation_not_permitted.
    static bool is_transient(const std::error_code& error) noexcept;

    Address local_address(std::error_code& error) const noexcept;

  private:
    using OwnedSource::OwnedSource;
};

} // namespace pollux::net
