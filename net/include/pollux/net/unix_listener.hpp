// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/net/unix_stream.hpp>

namespace pollux::net {

/// A UnixListener owns a socket that listens for connections from processes of this machine. POSIX only.
///
/// Lifetime: a path stays as a file when the listener is closed, and no socket can listen there until the file is
///           removed: by the caller, after closing, or before listening if no other listener can be there.
///                                                                                      [unix.path_stays]
class UnixListener : public OwnedSource {
  public:
    /// An Accepted is the result of accept().
    struct [[nodiscard]] Accepted : IoResult {
        UnixStream stream; // owns nothing unless the call is done
        UnixAddress peer;  // unnamed, unless the other side was bound
    };

    /// Constructs an object that owns nothing, to be assigned to.
    UnixListener() noexcept = default;

    /// Listens at `at`. `backlog` is the number of connections that may wait to be accepted, not negative.
    ///
    /// Errors: address_in_use             the file exists, or the abstract name is in use  [unix.path_stays]
    ///         no_such_file_or_directory  the directory does not exist
    ///         permission_denied          the directory may not be written
    ///         invalid_argument           unnamed, or a negative backlog                [unix.addresses]
    static UnixListener listen(const UnixAddress& at, int backlog, std::error_code& error) noexcept;
    static UnixListener listen(const UnixAddress& at, std::error_code& error) noexcept {
        return listen(at, 4096, error);
    }

    /// Takes ownership of a listening Unix stream socket, as TcpListener::adopt() does. [unix.adopts]
    static UnixListener adopt(Source source, std::error_code& error) noexcept;

    /// Accepts the next connection, as TcpListener::accept() does, with the same errors.  [unix.connects]
    Accepted accept() noexcept;

    UnixAddress local_address(std::error_code& error) const noexcept;

  private:
    using OwnedSource::OwnedSource;
};

} // namespace pollux::net
