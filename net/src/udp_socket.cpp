// SPDX-License-Identifier: BSL-1.0
#include <pollux/net/udp_socket.hpp>

#include "socket.hpp"

namespace pollux::net {

namespace {

system::Slice whole(auto bytes) noexcept {
    // Longer than any datagram, so that the system refuses it, and short enough for the types of the system.
    return system::slice(bytes.data(), std::min(bytes.size(), system::Slices::most_bytes));
}

} // namespace

UdpSocket UdpSocket::bind(const Address& at, const BindOptions& options, std::error_code& error) noexcept {
    UdpSocket made(system::open_bound(at, SOCK_DGRAM, {false, options.reuse_port, options.only_ipv6}, error));
    if (!error) system::report_refusals(made.native_handle(), false);
    return made;
}

UdpSocket UdpSocket::adopt(Source source, std::error_code& error) noexcept {
    error = system::adopt(source, system::Domain::internet, system::Role::datagrams);
    return error ? UdpSocket() : UdpSocket(source);
}

std::error_code UdpSocket::connect(const Address& peer) noexcept {
    auto error = system::connect(native_handle(), system::SocketAddress(peer));
    if (!error) system::report_refusals(native_handle(), true);
    return error;
}

Transfer UdpSocket::send(ConstBuffer bytes) noexcept { return system::send(native_handle(), whole(bytes), nullptr); }

Transfer UdpSocket::send_to(ConstBuffer bytes, const Address& to) noexcept {
    const system::SocketAddress address(to);
    return system::send(native_handle(), whole(bytes), &address);
}

UdpSocket::Received UdpSocket::receive_from(Buffer buffer) noexcept {
    system::SocketAddress from;
    const auto [transfer, truncated] = system::receive(native_handle(), whole(buffer), &from);
    return {transfer, truncated, transfer.is_done() ? from.internet() : Address()};
}

UdpSocket::Received UdpSocket::receive(Buffer buffer) noexcept {
    const auto [transfer, truncated] = system::receive(native_handle(), whole(buffer), nullptr);
    return {transfer, truncated, {}};
}

Address UdpSocket::local_address(std::error_code& error) const noexcept {
    return system::local_address(native_handle(), error).internet();
}

Address UdpSocket::peer_address(std::error_code& error) const noexcept {
    return system::peer_address(native_handle(), error).internet();
}

std::error_code UdpSocket::take_error() noexcept { return system::take_error(native_handle()); }

} // namespace pollux::net
