// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

namespace pollux::conformance::model {

/// Makes processes that sleep until they are ended. A process of its own makes them: one that has no descriptors that
/// they could keep open.
///
/// Threads: one at a time. Errors: std::system_error.
class ChildProcesses {
  public:
    /// To be called while the process has one thread.
    ChildProcesses();
    ~ChildProcesses();
    ChildProcesses(const ChildProcesses&) = delete;
    ChildProcesses& operator=(const ChildProcesses&) = delete;

    pid_t start();
    /// Returns when it is gone.
    void end(pid_t child);
    /// Does not wait for that.
    void end_later(pid_t child);

  private:
    void send(pid_t request);
    pid_t ask(pid_t request);

    int socket_ = -1;
    pid_t maker_ = -1;
};

} // namespace pollux::conformance::model
