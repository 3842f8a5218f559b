// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

/// TCP on loopback, as little of it as the demo needs. tcp_posix.cpp and tcp_windows.cpp are
/// the files that call the system's sockets.
namespace pollux::tools::tcp {

/// Owns a socket that never blocks and that exec closes; none when empty.
///
/// A call that would block fails with operation_would_block or resource_unavailable_try_again: would_block() tells.
class Socket {
  public:
    Socket() = default;
    explicit Socket(Source source) noexcept : source_(source) {}
    ~Socket() { close(); }
    Socket(Socket&& other) noexcept;
    Socket& operator=(Socket&& other) noexcept;

    explicit operator bool() const noexcept { return source_ != none; }
    Source fd() const noexcept { return source_; }
    void close() noexcept;

    /// How many bytes were moved; of a read, none and no error is the end of the stream.
    std::size_t read(std::span<std::byte> buffer, std::error_code& error) noexcept;
    std::size_t write(std::span<const std::byte> data, std::error_code& error) noexcept;

    /// Tells the other side that no more will come.
    std::error_code shutdown_write() noexcept;

    /// How a connect() ended.
    std::error_code pending_error() const noexcept;

    /// The next connection of a listener.
    Socket accept(std::error_code& error) noexcept;

  private:
    static constexpr Source none = static_cast<Source>(-1);
    Source source_ = none;
};

/// Listens on a free port of the loopback address.
/// Errors: std::system_error with the step that failed.
Socket listen(std::uint16_t& port);

/// Begins to connect to a port of the loopback address: over when the socket is writable.
Socket connect(std::uint16_t port, std::error_code& error) noexcept;

bool would_block(const std::error_code& error) noexcept;

} // namespace pollux::tools::tcp
