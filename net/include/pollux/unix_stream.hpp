// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/child_end.hpp>
#include <pollux/stream_socket.hpp>
#include <pollux/unix_address.hpp>

namespace pollux {

struct UnixPair;
struct UnixChildPair;

/// One end of a connection between processes of this machine. POSIX only.
class UnixStream : public StreamSocket {
  public:
    /// One that owns nothing, to be assigned to.
    UnixStream() noexcept = default;

    /// Connects: unlike TCP at once, or not at all [unix.connects].
    ///
    /// Errors: no_such_file_or_directory       no such path                                 [unix.refused]
    ///         connection_refused              nobody listens there                         [unix.refused]
    ///                                         macOS, BSD: also a full queue
    ///         resource_unavailable_try_again  Linux: the listener's queue is full, nothing was begun; no event will
    ///                                         tell when to try again                       [unix.queue_full]
    ///         permission_denied               the file may not be written
    static UnixStream connect(const UnixAddress& to, std::error_code& error) noexcept;

    /// Two ends that are connected, without addresses [unix.pair].
    static UnixPair pair(std::error_code& error) noexcept;
    /// The same with one end for a child process, which is blocking [unix.child_pair].
    static UnixChildPair pair_with_child(std::error_code& error) noexcept;

    /// Takes over a connected Unix stream socket, as TcpStream::adopt() does [unix.adopts].
    static UnixStream adopt(Source source, std::error_code& error) noexcept;

    UnixAddress local_address(std::error_code& error) const noexcept;
    UnixAddress peer_address(std::error_code& error) const noexcept;

  private:
    friend class UnixListener;
    using StreamSocket::StreamSocket;
};

struct UnixPair {
    UnixStream first;
    UnixStream second;
};

struct UnixChildPair {
    UnixStream stream; // non-blocking
    ChildEnd child;    // blocking
};

} // namespace pollux
