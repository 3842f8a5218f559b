// SPDX-License-Identifier: BSL-1.0
#include "tcp.hpp"

#include <utility>

#include <winsock2.h>

#include <windows.h>

namespace pollux::tools::tcp {
namespace {

/// The portable names of what callers ask for; std::system_category() of MinGW does not know errors of sockets.
std::error_code last_error() noexcept {
    const int code = WSAGetLastError();
    if (code == WSAEWOULDBLOCK) return make_error_code(std::errc::operation_would_block);
    if (code == WSAECONNABORTED) return make_error_code(std::errc::connection_aborted);
    return {code, std::system_category()};
}

sockaddr_in loopback(std::uint16_t port) noexcept {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/// A new socket of TCP, or none. Windows wants to be told that there will be sockets, before the first.
Source made() noexcept {
    static const int started = [] {
        WSADATA data;
        return WSAStartup(MAKEWORD(2, 2), &data);
    }();
    WSASetLastError(started);
    return started == 0 ? ::socket(AF_INET, SOCK_STREAM, 0) : INVALID_SOCKET;
}

/// What every socket here is: not inherited, never blocking, and without Nagle's delay.
bool prepare(Source socket) noexcept {
    u_long on = 1;
    return SetHandleInformation(reinterpret_cast<HANDLE>(socket), HANDLE_FLAG_INHERIT, 0) &&
           ioctlsocket(socket, static_cast<long>(FIONBIO), &on) == 0 &&
           setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on) == 0;
}

std::size_t transferred(int result, std::error_code& error) noexcept {
    error = result == SOCKET_ERROR ? last_error() : std::error_code();
    return result == SOCKET_ERROR ? 0 : static_cast<std::size_t>(result);
}

void require(bool success, const char* step) {
    if (!success) throw std::system_error(last_error(), step);
}

} // namespace

Socket::Socket(Socket&& other) noexcept : source_(std::exchange(other.source_, none)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
    if (this != &other) {
        close();
        source_ = std::exchange(other.source_, none);
    }
    return *this;
}

void Socket::close() noexcept {
    if (*this) closesocket(std::exchange(source_, none));
}

std::size_t Socket::read(std::span<std::byte> buffer, std::error_code& error) noexcept {
    return transferred(recv(source_, reinterpret_cast<char*>(buffer.data()), static_cast<int>(buffer.size()), 0),
                       error);
}

std::size_t Socket::write(std::span<const std::byte> data, std::error_code& error) noexcept {
    return transferred(send(source_, reinterpret_cast<const char*>(data.data()), static_cast<int>(data.size()), 0),
                       error);
}

std::error_code Socket::shutdown_write() noexcept {
    return ::shutdown(source_, SD_SEND) == SOCKET_ERROR ? last_error() : std::error_code();
}

std::error_code Socket::pending_error() const noexcept {
    int error = 0, size = sizeof error;
    if (getsockopt(source_, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &size) == SOCKET_ERROR)
        return last_error();
    return {error, std::system_category()};
}

Socket Socket::accept(std::error_code& error) noexcept {
    Socket socket(::accept(source_, nullptr, nullptr));
    error = socket && prepare(socket.fd()) ? std::error_code() : last_error();
    return socket;
}

Socket listen(std::uint16_t& port) {
    Socket socket(made());
    require(static_cast<bool>(socket), "socket");
    require(prepare(socket.fd()), "setsockopt");
    auto address = loopback(0);
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    int size = sizeof address;
    require(bind(socket.fd(), general, size) == 0, "bind");
    require(::listen(socket.fd(), SOMAXCONN) == 0, "listen");
    require(getsockname(socket.fd(), general, &size) == 0, "getsockname");
    port = ntohs(address.sin_port);
    return socket;
}

Socket connect(std::uint16_t port, std::error_code& error) noexcept {
    Socket socket(made());
    const auto address = loopback(port);
    error = {};
    if (!socket || !prepare(socket.fd()) ||
        ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == SOCKET_ERROR)
        error = last_error();
    if (error == std::errc::operation_would_block) error = {};
    return socket;
}

bool would_block(const std::error_code& error) noexcept { return error == std::errc::operation_would_block; }

} // namespace pollux::tools::tcp
