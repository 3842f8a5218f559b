// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../sources.hpp"
#include "kinds.hpp"

#include <string>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <sys/types.h>

namespace pollux::conformance::model {

class ChildProcesses;

/// An UnresponsiveListener is a TCP listener that answers no request for a connection, and the connection that fills
/// its queue.
struct UnresponsiveListener {
    Owned listener, queued;
    sockaddr_in address;
};

/// The Surroundings are shared by all scenes of a process, and made while it has one thread.
struct Surroundings {
    Surroundings();

    ChildProcesses& children;
    UnresponsiveListener unresponsive;
    pid_t process; // this one
    int first_signal;
};
Surroundings& surroundings();

/// A Process is a child process that sleeps until this object is destroyed.
class Process {
  public:
    Process() = default;
    Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
    Process& operator=(Process&& other) noexcept {
        std::swap(pid_, other.pid_);
        return *this;
    }
    ~Process();

    pid_t start();
    /// Ends the process, and returns after its end.
    void end();

  private:
    pid_t pid_ = 0;
};

/// A TestSource is a source and the means to make it ready. Near is closed first, so that a TCP connection is reset,
/// and its port is free.
struct TestSource {
    Process process;
    std::vector<Owned> clients; // of a listener, not accepted yet
    sockaddr_in address{};      // of a listener
    Owned far, near;
    int signal = 0;
    std::size_t changes = 0; // of a file, or expirations of a timer
};

/// `signal`: the signal of a signalfd; no other source of the process may use it. Errors: std::system_error.
TestSource make(Nature nature, int signal);

/// These return the result of their system call: bytes or 0, or -1 and errno. None blocks.
ssize_t send_one(Source near, Nature nature);
ssize_t send_urgent(Source far);

/// Carries out far's part of an operation; returns an empty text on success. Near has received it on return.
std::string write_from_far(TestSource& made, Nature nature, Source near, std::size_t amount, std::size_t before);
std::string connect_to_unresponsive(Source near);
std::string connect_to_closed_port(Source near);
std::string answer(TestSource& made, Source near);

} // namespace pollux::conformance::model
