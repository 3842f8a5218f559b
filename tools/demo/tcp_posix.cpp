// SPDX-License-Identifier: BSL-1.0
#include "tcp.hpp"

#include <cerrno>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pollux::tools::tcp {
namespace {

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL; // an error, not SIGPIPE, when the other side is gone
#else
constexpr int send_flags = 0; // SO_NOSIGPIPE does it there
#endif

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

sockaddr_in loopback(std::uint16_t port) noexcept {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

bool set_option(int descriptor, int level, int option) noexcept {
    const int on = 1;
    return setsockopt(descriptor, level, option, &on, sizeof on) == 0;
}

/// What every socket here is: silent about broken pipes, not inherited, never blocking, and without Nagle's delay.
bool prepare(int descriptor) noexcept {
#ifdef SO_NOSIGPIPE
    if (!set_option(descriptor, SOL_SOCKET, SO_NOSIGPIPE)) return false;
#endif
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC) != -1 && fcntl(descriptor, F_SETFL, O_NONBLOCK) != -1 &&
           set_option(descriptor, IPPROTO_TCP, TCP_NODELAY);
}

std::size_t transferred(ssize_t result, std::error_code& error) noexcept {
    error = result == -1 ? last_error() : std::error_code();
    return result == -1 ? 0 : static_cast<std::size_t>(result);
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
    if (*this) ::close(std::exchange(source_, none));
}

std::size_t Socket::read(std::span<std::byte> buffer, std::error_code& error) noexcept {
    return transferred(recv(source_, buffer.data(), buffer.size(), 0), error);
}

std::size_t Socket::write(std::span<const std::byte> data, std::error_code& error) noexcept {
    return transferred(send(source_, data.data(), data.size(), send_flags), error);
}

std::error_code Socket::shutdown_write() noexcept {
    return ::shutdown(source_, SHUT_WR) == -1 ? last_error() : std::error_code();
}

std::error_code Socket::pending_error() const noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(source_, SOL_SOCKET, SO_ERROR, &error, &size) == -1) return last_error();
    return {error, std::system_category()};
}

Socket Socket::accept(std::error_code& error) noexcept {
    Socket socket(::accept(source_, nullptr, nullptr));
    error = socket && prepare(socket.fd()) ? std::error_code() : last_error();
    return socket;
}

Socket listen(std::uint16_t& port) {
    Socket socket(::socket(AF_INET, SOCK_STREAM, 0));
    require(static_cast<bool>(socket), "socket");
    require(prepare(socket.fd()), "setsockopt");
    auto address = loopback(0);
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    require(bind(socket.fd(), general, size) == 0, "bind");
    require(::listen(socket.fd(), SOMAXCONN) == 0, "listen");
    require(getsockname(socket.fd(), general, &size) == 0, "getsockname");
    port = ntohs(address.sin_port);
    return socket;
}

Socket connect(std::uint16_t port, std::error_code& error) noexcept {
    Socket socket(::socket(AF_INET, SOCK_STREAM, 0));
    const auto address = loopback(port);
    error = {};
    if (!socket || !prepare(socket.fd()) ||
        ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == -1)
        error = last_error();
    if (error == std::errc::operation_in_progress) error = {};
    return socket;
}

bool would_block(const std::error_code& error) noexcept {
    // Also "interrupted": whoever watches a source is called again.
    return error == std::errc::operation_would_block || error == std::errc::resource_unavailable_try_again ||
           error == std::errc::interrupted;
}

} // namespace pollux::tools::tcp
