// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/owned_source.hpp>

namespace pollux {

/// The end of a pipe, or of a pair of sockets, that is meant for a child process. POSIX only.
///
/// It is blocking, as programs expect of their standard streams: most take EAGAIN for an error, and seq(1), cat(1) and
/// printf(3) then lose data. O_NONBLOCK belongs to the open file, which this end does not share with the other.
///
/// Close-on-exec, and above the standard streams: no other child inherits it, and dup2() onto 0, 1 or 2 in the child
/// (posix_spawn_file_actions_adddup2()) gives it to this one. Close it in the parent once the child is started. Writing
/// to it raises SIGPIPE, as programs expect.
class ChildEnd : public OwnedSource {
  public:
    /// One that owns nothing, to be assigned to.
    ChildEnd() noexcept = default;

  private:
    friend struct PipeFromChild;
    friend struct PipeToChild;
    friend class UnixStream;
    using OwnedSource::OwnedSource;
};

} // namespace pollux
