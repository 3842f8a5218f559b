// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/net/owned_source.hpp>

namespace pollux::net {

/// A ChildEnd owns the end of a pipe, or of a pair of sockets, that is meant for a child process. POSIX only.
///
/// It is blocking, as programs expect of their standard streams: most take EAGAIN for an error, and seq(1), cat(1) and
/// printf(3) then lose data. O_NONBLOCK belongs to the open file description, which the two ends do not share.
///
/// It is close-on-exec, so no other child inherits it, and its file descriptor is above 2. The child receives it by
/// dup2() onto 0, 1 or 2 (posix_spawn_file_actions_adddup2()). The parent should close it once the child is started.
/// Writing to it raises SIGPIPE, as programs expect.
class ChildEnd : public OwnedSource {
  public:
    /// Constructs an object that owns nothing, to be assigned to.
    ChildEnd() noexcept = default;

  private:
    friend struct PipeFromChild;
    friend struct PipeToChild;
    friend class UnixStream;
    using OwnedSource::OwnedSource;
};

} // namespace pollux::net
