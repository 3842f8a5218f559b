// SPDX-License-Identifier: BSL-1.0
#include "socket_address.hpp"

#include "system.hpp"

namespace pollux::net::system {

namespace {

// sockaddr_storage is read and written through copies, since its contents may not be accessed as another type.
template <typename T>
T as(const sockaddr_storage& storage) noexcept {
    T address;
    std::memcpy(&address, &storage, sizeof address);
    return address;
}

} // namespace

SocketAddress::SocketAddress(const Address& address) noexcept {
    if (address.kind() == Address::Kind::ipv4) {
        sockaddr_in four{};
        four.sin_family = AF_INET;
        four.sin_port = htons(address.port());
        std::memcpy(&four.sin_addr, address.bytes().data(), sizeof four.sin_addr);
        std::memcpy(&storage_, &four, sizeof four);
        length_ = sizeof four;
    } else {
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(address.port());
        six.sin6_scope_id = address.interface_number();
        std::memcpy(&six.sin6_addr, address.bytes().data(), sizeof six.sin6_addr);
        std::memcpy(&storage_, &six, sizeof six);
        length_ = sizeof six;
    }
}

Address SocketAddress::internet() const noexcept {
    if (family() == AF_INET) {
        const auto four = as<sockaddr_in>(storage_);
        Address::Ipv4 bytes{};
        std::memcpy(bytes.data(), &four.sin_addr, bytes.size());
        return {bytes, ntohs(four.sin_port)};
    }
    if (family() == AF_INET6) {
        const auto six = as<sockaddr_in6>(storage_);
        Address::Ipv6 bytes{};
        std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
        return {bytes, ntohs(six.sin6_port), static_cast<std::uint32_t>(six.sin6_scope_id)};
    }
    return {};
}

SocketAddress local_address(Source socket, std::error_code& error) noexcept {
    SocketAddress address;
    error = error_after(::getsockname(socket, address.data(), &address.length()));
    return error ? SocketAddress() : address;
}

SocketAddress peer_address(Source socket, std::error_code& error) noexcept {
    SocketAddress address;
    error = error_after(::getpeername(socket, address.data(), &address.length()));
    return error ? SocketAddress() : address;
}

} // namespace pollux::net::system
