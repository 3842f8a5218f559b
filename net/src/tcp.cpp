// SPDX-License-Identifier: BSL-1.0
#include <pollux/net/tcp_listener.hpp>

#include "socket.hpp"

#include <array>

namespace pollux::net {

TcpStream TcpStream::connect(const Address& to, std::error_code& error) noexcept {
    const system::SocketAddress address(to);
    TcpStream made(system::open(address.family(), SOCK_STREAM, error));
    if (!error) error = system::connect(made.native_handle(), address);
    if (error) made.close();
    return made;
}

TcpStream TcpStream::adopt(Source source, std::error_code& error) noexcept {
    error = system::adopt(source, system::Domain::internet, system::Role::stream);
    return error ? TcpStream() : TcpStream(source);
}

Address TcpStream::local_address(std::error_code& error) const noexcept {
    return system::local_address(native_handle(), error).internet();
}

Address TcpStream::peer_address(std::error_code& error) const noexcept {
    return system::peer_address(native_handle(), error).internet();
}

std::error_code TcpStream::set_nodelay(bool on) noexcept {
    return system::set_option(native_handle(), IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

bool TcpStream::nodelay(std::error_code& error) const noexcept {
    return system::option(native_handle(), IPPROTO_TCP, TCP_NODELAY, error) != 0;
}

TcpListener TcpListener::listen(const Address& at, const ListenOptions& options, std::error_code& error) noexcept {
    if (options.backlog < 0) {
        error = make_error_code(std::errc::invalid_argument);
        return {};
    }
    const system::Binding binding{options.reuse_address, options.reuse_port, options.only_ipv6};
    TcpListener made(system::open_bound(at, SOCK_STREAM, binding, error));
    if (!error) error = system::error_after(::listen(made.native_handle(), options.backlog));
    if (error) made.close();
    return made;
}

TcpListener TcpListener::adopt(Source source, std::error_code& error) noexcept {
    error = system::adopt(source, system::Domain::internet, system::Role::listener);
    return error ? TcpListener() : TcpListener(source);
}

TcpListener::Accepted TcpListener::accept() noexcept {
    system::SocketAddress peer;
    IoResult result;
    const auto source = system::accept(native_handle(), peer, result);
    if (!result.is_done()) return {result, {}, {}};
    return {result, TcpStream(source), peer.internet()};
}

bool TcpListener::is_transient(const std::error_code& error) noexcept {
    static constexpr std::array portable{
        std::errc::connection_aborted,  std::errc::connection_reset,        std::errc::network_down,
        std::errc::protocol_error,      std::errc::no_protocol_option,      std::errc::host_unreachable,
        std::errc::network_unreachable, std::errc::operation_not_supported, std::errc::operation_not_permitted};
    for (const auto condition : portable) {
        if (error == condition) return true;
    }
#ifdef __linux__ // errors of Linux that std::errc does not name
    if (error.category() == std::system_category()) return error.value() == EHOSTDOWN || error.value() == ENONET;
#endif
    return false;
}

Address TcpListener::local_address(std::error_code& error) const noexcept {
    return system::local_address(native_handle(), error).internet();
}

} // namespace pollux::net
