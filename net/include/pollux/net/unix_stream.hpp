// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/net/child_end.hpp>
#include <pollux/net/stream_socket.hpp>
#include <pollux/net/unix_address.hpp>

namespace pollux::net {

struct UnixPair;
struct UnixChildPair;

/// A UnixStream owns one end of a connection between processes of this machine. POSIX only.
class UnixStream : public StreamSocket {
  public:
    /// Constructs an object that owns nothing, to be assigned to.
    UnixStream() noexcept = default;

    /// Connects at once, unlike TCP, or fails.                                          [unix.connects]
    ///
    /// Errors: no_such_file_or_directory       the path does not exist                  [unix.refused]
    ///         connection_refused              no socket listens there; macOS, BSD: or the listener's queue is full
    ///                                                                                  [unix.refused]
    ///         resource_unavailable_try_again  Linux: the listener's queue is full, nothing was begun, and no event
    ///                                         reports when there is room               [unix.queue_full]
    ///         permission_denied               the file may not be written
    static UnixStream connect(const UnixAddress& to, std::error_code& error) noexcept;

    /// Opens two ends that are connected with each other, without addresses.            [unix.pair]
    static UnixPair pair(std::error_code& error) noexcept;
    /// Opens two ends that are connected with each other: one is for a child process, and blocking.
    ///                                                                                  [unix.child_pair]
    static UnixChildPair pair_with_child(std::error_code& error) noexcept;

    /// Takes ownership of a connected Unix stream socket, as TcpStream::adopt() does.   [unix.adopts]
    static UnixStream adopt(Source source, std::error_code& error) noexcept;

    UnixAddress local_address(std::error_code& error) const noexcept;
    UnixAddress peer_address(std::error_code& error) const noexcept;

  private:
    friend class UnixListener;
    using StreamSocket::StreamSocket;
};

/// A UnixPair holds the two ends that UnixStream::pair() opens.
struct UnixPair {
    UnixStream first;
    UnixStream second;
};

/// A UnixChildPair holds the two ends that UnixStream::pair_with_child() opens.
struct UnixChildPair {
    UnixStream stream; // non-blocking
    ChildEnd child;    // blocking
};

} // namespace pollux::net
