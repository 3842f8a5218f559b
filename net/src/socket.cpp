// SPDX-License-Identifier: BSL-1.0
#include "socket.hpp"

namespace pollux::net::system {

std::error_code set_option(Source socket, int level, int option, int value) noexcept {
    return error_after(::setsockopt(socket, level, option, reinterpret_cast<const char*>(&value), sizeof value));
}

int option(Source socket, int level, int option, std::error_code& error) noexcept {
    int value = 0;
    Length length = sizeof value;
    error = error_after(::getsockopt(socket, level, option, reinterpret_cast<char*>(&value), &length));
    return value;
}

std::error_code take_error(Source socket) noexcept {
    std::error_code error;
    const int pending = option(socket, SOL_SOCKET, SO_ERROR, error);
    return error ? error : error_of(pending);
}

namespace {

/// Returns whether a stream is of TCP or MPTCP, and a datagram socket of UDP or UDP-Lite: not of SCTP or ICMP.
bool is_expected_protocol(const SocketKind& kind) noexcept {
    constexpr int mptcp = 262, udp_lite = 136; // of Linux; not all headers have them
    const int protocol = kind.protocol;
    if (protocol == 0) return true;
    if (kind.type == SOCK_STREAM) return protocol == IPPROTO_TCP || protocol == mptcp;
    return protocol == IPPROTO_UDP || protocol == udp_lite;
}

/// Accepts a socket whose connect() has failed, which finish_connect() reports. Refuses one that has neither a peer,
/// nor an error, nor a connect() under way: it was never connected, or its failure was returned before.
std::error_code check_connected(Source socket) noexcept {
    std::error_code error;
    peer_address(socket, error);
    if (error != std::errc::not_connected) return {}; // macOS: invalid_argument if the connection was reset
    const auto state = connecting_state(socket, error);
    if (error) return error;
    return state == Connecting::idle ? make_error_code(std::errc::not_connected) : std::error_code();
}

} // namespace

std::error_code adopt(Source socket, Domain domain, Role role) noexcept {
    std::error_code error;
    const auto kind = kind_of(socket, error);
    if (error) return error;
    if (kind.type != (role == Role::datagrams ? SOCK_DGRAM : SOCK_STREAM))
        return make_error_code(std::errc::wrong_protocol_type);
    const bool is_internet = kind.family == AF_INET || kind.family == AF_INET6;
    if (domain == Domain::internet ? !is_internet : kind.family != AF_UNIX)
        return make_error_code(std::errc::address_family_not_supported);
    if (domain == Domain::internet && !is_expected_protocol(kind))
        return make_error_code(std::errc::wrong_protocol_type);
    if (role != Role::datagrams) {
        const bool listens = option(socket, SOL_SOCKET, SO_ACCEPTCONN, error) != 0;
        if (!error && listens != (role == Role::listener)) error = make_error_code(std::errc::invalid_argument);
        if (!error && role == Role::stream) error = check_connected(socket);
    }
    return error ? error : prepare_socket(socket);
}

Source open_bound(const Address& at, int type, const Binding& binding, std::error_code& error) noexcept {
    const SocketAddress address(at);
    const auto socket = open(address.family(), type, error);
    if (error) return socket;
    error = set_reuse(socket, binding.reuse_address, binding.reuse_port);
    if (!error && address.family() == AF_INET6)
        error = set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, binding.only_ipv6 ? 1 : 0);
    if (!error) error = error_after(::bind(socket, address.data(), address.length()));
    if (!error) return socket;
    close(socket);
    return OwnedSource::none;
}

} // namespace pollux::net::system
