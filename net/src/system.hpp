// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "socket_address.hpp"

#include <pollux/outcome.hpp>
#include <pollux/owned_source.hpp>

#include <algorithm>

/// What differs between POSIX and Windows; all else of this library is written once, with the calls that both have.
namespace pollux::system {

#ifdef _WIN32
using Slice = WSABUF;
inline constexpr int stop_writing = SD_SEND;
#else
using Slice = iovec;
inline constexpr int stop_writing = SHUT_WR;
#endif

Slice slice(std::byte* bytes, std::size_t size) noexcept;
/// For the system, which has one type for both directions; what is written is not changed.
inline Slice slice(const std::byte* bytes, std::size_t size) noexcept {
    return slice(const_cast<std::byte*>(bytes), size);
}

/// Buffers as the system wants them: as many as fit, without those that have no room.
class Slices {
  public:
    /// More at once is refused by some systems: macOS takes INT_MAX.
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
    Slice all_[most_buffers]; // NOLINT: not set up before it is used, as that would take longer than the call
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

/// What the last call failed with.
std::error_code last_error() noexcept;
inline std::error_code error_after(int result) noexcept { return result == 0 ? std::error_code() : last_error(); }
/// The same, or that it would have blocked.
Outcome last_outcome() noexcept;
/// What SO_ERROR holds.
std::error_code error_of(int code) noexcept;

/// Non-blocking, closed by exec, and above the standard streams; none on failure. `family` as AF_INET, `type` as
/// SOCK_STREAM.
Source open(int family, int type, std::error_code& error) noexcept;
Source accept(Source listener, SocketAddress& peer, Outcome& outcome) noexcept;
/// Makes of a socket that was not opened here what open() makes.
std::error_code prepare_socket(Source socket) noexcept;
#ifndef _WIN32
/// The same of whatever else can be read or written.
std::error_code prepare(Source source) noexcept;
/// Whether a call on a source waits until it can do something.
enum class Blocking { no, yes };
/// Two local sockets that are connected, or the ends of a pipe (to read, to write): closed by exec, and above the
/// standard streams; both none on failure. They do not raise SIGPIPE unless they are blocking, or ends of a pipe.
std::error_code open_pair(Source (&ends)[2], Blocking blocking) noexcept;
std::error_code open_pipe(Source (&ends)[2], Blocking blocking) noexcept;
#endif
void close(Source source) noexcept;

/// Begins, or has done at once.
std::error_code connect(Source socket, const SocketAddress& to) noexcept;
/// What a socket without a peer is about.
enum class Connecting {
    idle,      ///< no connect() was begun, or its end was reported
    under_way, ///< neither done nor failed
    over,      ///< done or failed
};
/// Windows calls a socket that is idle under_way. Errors: not_enough_memory
Connecting connecting_state(Source socket, std::error_code& error) noexcept;

/// What a socket was made as, by the numbers of the system.
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

struct Datagram {
    Transfer transfer;
    bool truncated;
};
/// `from` may be null, as may `to`.
Datagram receive(Source socket, Slice slice, SocketAddress* from) noexcept;
Transfer send(Source socket, Slice slice, const SocketAddress* to) noexcept;
/// Whether refusals of what was sent are told; only Windows has to be asked for what others do by themselves.
void tell_refusals(Source socket, bool told) noexcept;

} // namespace pollux::system
