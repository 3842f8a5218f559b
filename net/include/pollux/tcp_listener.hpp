// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/tcp_stream.hpp>

namespace pollux {

/// How a TcpListener listens.
struct ListenOptions {
    /// How many connections may wait to be accepted, from 0 on; the system has a limit of its own (Linux:
    /// net.core.somaxconn).
    int backlog = 4096;
    /// May listen where connections of a former listener are still closing (SO_REUSEADDR), never where another listens
    /// [listener.in_use]. On Windows that is so anyway, where SO_REUSEADDR would let anybody take the port away;
    /// SO_EXCLUSIVEADDRUSE is set instead, whatever this says.
    bool reuse_address = true;
    /// Others that say so, too, may listen at the same address (SO_REUSEPORT): Linux gives each connection to one of
    /// them [listener.reuse_port].
    bool reuse_port = false;
    /// Whether a listener at an IPv6 address takes IPv6 only, or IPv4, too, whose peers then look like
    /// ::ffff:192.0.2.1 [listener.only_ipv6]. It is always set: what systems do without differs.
    bool only_ipv6 = true;
};

/// Waits for TCP connections.
class TcpListener : public OwnedSource {
  public:
    /// What accept() came to.
    struct [[nodiscard]] Accepted : Outcome {
        TcpStream stream; // owns nothing unless it is done
        Address peer;
    };

    /// One that owns nothing, to be assigned to.
    TcpListener() noexcept = default;

    /// Listens at an address of this machine; port 0: one that is free, see local_address().
    ///
    /// Errors: address_in_use           somebody listens there                              [listener.in_use]
    ///         address_not_available    not an address of this machine                      [listener.in_use]
    ///         address_family_not_supported  the system has no IPv6
    ///         permission_denied        a port below 1024, on many systems
    ///         operation_not_supported  reuse_port, where it does not exist: Windows        [listener.reuse_port]
    ///         invalid_argument         a negative backlog                                  [listener.in_use]
    static TcpListener listen(const Address& at, const ListenOptions& options, std::error_code& error) noexcept;
    static TcpListener listen(const Address& at, std::error_code& error) noexcept { return listen(at, {}, error); }

    /// Takes over a listening TCP socket, with the errors of TcpStream::adopt() [owner.adopts].
    ///
    /// Errors: invalid_argument  not listening                                              [owner.adopts]
    static TcpListener adopt(Source source, std::error_code& error) noexcept;

    /// The next connection, and who made it [listener.accepts]. would_block: none waits [listener.would_block].
    ///
    /// Errors: those that is_transient() is true of, and
    ///         too_many_files_open, too_many_files_open_in_system, no_buffer_space, not_enough_memory
    ///                                     the connection waits on, so a level watch reports it again and again:
    ///                                     pause it until something is closed               [listener.no_room]
    Accepted accept() noexcept;

    /// Whether accept() failed because of the connection alone: it is gone, the listener is well, and accept() goes
    /// on with the next [listener.transient].
    ///
    /// connection_aborted (BSD, macOS), connection_reset (Windows), and what Linux passes on from the network
    /// although the connection was never seen, see accept(2): network_down, protocol_error, no_protocol_option,
    /// host_unreachable, operation_not_supported, network_unreachable, EHOSTDOWN, ENONET, and of a firewall
    /// operation_not_permitted.
    static bool is_transient(const std::error_code& error) noexcept;

    Address local_address(std::error_code& error) const noexcept;

  private:
    using OwnedSource::OwnedSource;
};

} // namespace pollux
