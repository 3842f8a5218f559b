// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>
#include <pollux/net/address.hpp>

#include <cstddef>
#include <cstring>

#ifdef _WIN32
// winsock2.h has to precede ws2tcpip.h.
#include <winsock2.h>

#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#endif

namespace pollux::net::system {

#ifdef _WIN32
using Length = int;
#else
using Length = socklen_t;
#endif

/// A SocketAddress holds an address of any family in the form that system calls use.
class SocketAddress {
  public:
    SocketAddress() noexcept = default;
    explicit SocketAddress(const Address& address) noexcept;
    /// Copies an address of a family that not every system has.
    template <typename Other>
    SocketAddress(const Other& other, std::size_t length) noexcept : length_(static_cast<Length>(length)) {
        static_assert(sizeof other <= sizeof storage_);
        std::memcpy(&storage_, &other, sizeof other);
    }

    /// Returns 0.0.0.0:0 if the address is neither IPv4 nor IPv6.
    Address internet() const noexcept;
    int family() const noexcept { return storage_.ss_family; }

    // For calls that read it, and for calls that fill it.
    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    sockaddr* data() noexcept { return reinterpret_cast<sockaddr*>(&storage_); }
    Length length() const noexcept { return length_; }
    Length& length() noexcept { return length_; }

  private:
    sockaddr_storage storage_{};
    Length length_ = sizeof(sockaddr_storage);
};

SocketAddress local_address(Source socket, std::error_code& error) noexcept;
SocketAddress peer_address(Source socket, std::error_code& error) noexcept;

} // namespace pollux::net::system
