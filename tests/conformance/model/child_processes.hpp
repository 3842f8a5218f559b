// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

namespace pollux::conformance::model {

/// ChildProcesses starts processes that sleep until they are ended. A helper process starts them, which has no
/// descriptors that they could keep open.
///
/// Threads: one at a time. Errors: std::system_error.
class ChildProcesses {
  public:
    /// Call it while the process has one thread.
    ChildProcesses();
    ~ChildProcesses();
    ChildProcesses(const ChildProcesses&) = delete;
    ChildProcesses& operator=(const ChildProcesses&) = delete;

    pid_t start();
    /// Ends the process, and returns after its end.
    void end(pid_t child);
    /// Ends the process without waiting.
    void end_later(pid_t child);

  private:
    void send(pid_t request);
    pid_t ask(pid_t request);

    int socket_ = -1;
    pid_t maker_ = -1;
};

} // namespace pollux::conformance::model
