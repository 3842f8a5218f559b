// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/unix_stream.hpp>

namespace pollux {

/// Waits for connections from processes of this machine. POSIX only.
///
/// Lifetime: a path stays behind as a file, and nobody can listen there until it is removed [unix.path_stays]. Who
///           listens removes it, after closing, or before listening when no other can be there.
class UnixListener : public OwnedSource {
  public:
    /// What accept() came to.
    struct [[nodiscard]] Accepted : Outcome {
        UnixStream stream; // owns nothing unless it is done
        UnixAddress peer;  // unnamed, unless the other side was bound
    };

    /// One that owns nothing, to be assigned to.
    UnixListener() noexcept = default;

    /// Listens. `backlog`: how many connections may wait to be accepted, from 0 on.
    ///
    /// Errors: address_in_use             the file is there, or the abstract name is taken  [unix.path_stays]
    ///         no_such_file_or_directory  no such folder
    ///         permission_denied          of the folder
    ///         invalid_argument           unnamed, or a negative backlog                    [unix.addresses]
    static UnixListener listen(const UnixAddress& at, int backlog, std::error_code& error) noexcept;
    static UnixListener listen(const UnixAddress& at, std::error_code& error) noexcept {
        return listen(at, 4096, error);
    }

    /// Takes over a listening Unix stream socket, as TcpListener::adopt() does [unix.adopts].
    static UnixListener adopt(Source source, std::error_code& error) noexcept;

    /// The next connection [unix.connects]; as TcpListener::accept(), with the same errors.
    Accepted accept() noexcept;

    UnixAddress local_address(std::error_code& error) const noexcept;

  private:
    using OwnedSource::OwnedSource;
};

} // namespace pollux
