// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "socket_address.hpp"

#include <pollux/net/io_result.hpp>
#include <pollux/net/owned_source.hpp>

#include <algorithm>

/// The functions that differ between POSIX and Windows. The rest of this library uses calls that both have.
namespace pollux::net::system {

#ifdef _WIN32
using Slice = WSABUF;
inline constexpr int stop_writing = SD_SEND;
#else
using Slice = iovec;
inline constexpr int stop_writing = SHUT_WR;
#endif

Slice slice(std::byte* bytes, std::size_t size) noexcept;
/// Casts const away, since the system has one type for both directions. It does not change what is written.
inline Slice slice(const std::byte* bytes, std::size_t size) noexcept {
    return slice(const_cast<std::byte*>(bytes), size);
}

/// A Slices object holds buffers in the form that system calls use: as many as fit, without empty ones.
class Slices {
  public:
    /// Some systems refuse more in one call: the limit of macOS is INT_MAX.
    static constexpr std::size_t most_bytes = std::size_t{1} << 30U;

    template <typename Byte>
    explicit Slices(std::span<const std::span<Byte>> buffers) noexcept {
        for (const auto buffer : buffers) {
            const auto size = std::min(buffer.size(), most_bytes - bytes_);
            if (size == 0) continue;
            if (count_ == most_buffers) break;
            all_[count_++] = slice(buffer.data(), size);
            bytes_ += size;
        }
    }

    std::span<Slice> all() noexcept { return {all_, count_}; }
    std::size_t bytes() const noexcept { return bytes_; }

  private:
    Slice all_[most_buffers]; // NOLINT: not initialised, since that would take longer than the call
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

/// Returns the error of the last system call.
std::error_code last_error() noexcept;
inline std::error_code error_after(int result) noexcept { return result == 0 ? std::error_code() : last_error(); }
/// Returns the result of the last system call, which failed or would have blocked.
IoResult last_result() noexcept;
/// Converts an error number of the system, such as the value of SO_ERROR.
std::error_code error_of(int code) noexcept;

/// Opens a socket that is non-blocking, close-on-exec and not one of the standard streams; returns OwnedSource::none on
/// failure. `family` is AF_INET or another, `type` SOCK_STREAM or another.
Source open(int family, int type, std::error_code& error) noexcept;
Source accept(Source listener, SocketAddress& peer, IoResult& result) noexcept;
/// Gives a socket that this library did not open the properties that open() gives.
std::error_code prepare_socket(Source socket) noexcept;
#ifndef _WIN32
/// Makes any other source non-blocking and close-on-exec.
std::error_code prepare(Source source) noexcept;
/// A Blocking states whether calls on a source block.
enum class Blocking { no, yes };
/// Open two connected local sockets, or the ends of a pipe (for reading, for writing): close-on-exec, and not standard
/// streams; both OwnedSource::none on failure. They raise no SIGPIPE unless they are blocking, or ends of a pipe.
std::error_code open_pair(Source (&ends)[2], Blocking blocking) noexcept;
std::error_code open_pipe(Source (&ends)[2], Blocking blocking) noexcept;
#endif
void close(Source source) noexcept;

/// Begins to connect; may complete at once.
std::error_code connect(Source socket, const SocketAddress& to) noexcept;
/// A Connecting is the state of a connect() on a socket without a peer.
enum class Connecting {
    idle,      ///< no connect() was begun, or its end was returned
    under_way, ///< neither done nor failed
    over,      ///< done or failed
};
/// Returns the state of a connect(). Under Windows an idle socket counts as under_way. Errors: not_enough_memory
Connecting connecting_state(Source socket, std::error_code& error) noexcept;

/// A SocketKind holds the arguments of the socket() call that made a socket.
struct SocketKind {
    int family;
    int type;
    int protocol; // 0 where the system does not report it
};
/// Errors: bad_file_descriptor; not_a_socket
SocketKind kind_of(Source socket, std::error_code& error) noexcept;

std::error_code set_reuse(Source socket, bool address, bool port) noexcept;

// Of streams; `slices` are not empty.
Transfer read(Source socket, std::span<Slice> slices) noexcept;
Transfer write(Source socket, std::span<Slice> slices) noexcept;

/// A Datagram is the result of receive().
struct Datagram {
    Transfer transfer;
    bool truncated;
};
/// `from` and `to` may be null.
Datagram receive(Source socket, Slice slice, SocketAddress* from) noexcept;
Transfer send(Source socket, Slice slice, const SocketAddress* to) noexcept;
/// Sets whether a datagram socket reports that a datagram was refused. Only Windows has an option for this.
void report_refusals(Source socket, bool on) noexcept;

} // namespace pollux::net::system
