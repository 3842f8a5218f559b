// SPDX-License-Identifier: BSL-1.0
#include "socket.hpp"

namespace pollux::system {

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
    const int waiting = option(socket, SOL_SOCKET, SO_ERROR, error);
    return error ? error : error_of(waiting);
}

std::error_code adopt(Source socket, int type) noexcept {
    std::error_code error;
    const int seen = option(socket, SOL_SOCKET, SO_TYPE, error);
    if (error) return error;
    if (seen != type) return make_error_code(std::errc::wrong_protocol_type);
    return prepare_socket(socket);
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

} // namespace pollux::system
