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

/// A TCP listener that answers no request for a connection, and the connection that it keeps in its queue instead.
struct Deaf {
    Owned listener, queued;
    sockaddr_in address;
};

/// What all scenes of a process share; made while it has one thread.
struct Surroundings {
    Surroundings();

    ChildProcesses& children;
    Deaf deaf;
    pid_t process; // this one
    int first_signal;
};
Surroundings& surroundings();

/// A process that sleeps until this is destroyed.
class Process {
  public:
    Process() = default;
    Process(Process&& other) noexcept : number_(std::exchange(other.number_, 0)) {}
    Process& operator=(Process&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Process();

    pid_t start();
    /// Returns when it is gone.
    void end();

  private:
    pid_t number_ = 0;
};

/// A source with whatever makes it ready. Near is closed first: then a TCP connection is reset, and leaves no port
/// taken.
struct Made {
    Process process;
    std::vector<Owned> clients; // of a listener, that it has not accepted
    sockaddr_in address{};      // of a listener
    Owned far, near;
    int signal = 0;
    std::size_t changes = 0; // of a file, or expirations of a timer
};

/// `signal`: that a signalfd is for; no other source of the process may use it. Errors: std::system_error.
Made make(Nature nature, int signal);

/// As the calls beside them return: bytes or 0, or -1 and errno. None blocks.
ssize_t send_one(Source near, Nature nature);
ssize_t send_urgent(Source far);

/// Far's part in an operation; empty if it could be done. Near has it when this returns.
std::string let_far_write(Made& made, Nature nature, Source near, std::size_t amount, std::size_t before);
std::string connect_deaf(Source near);
std::string connect_to_closed_port(Source near);
std::string answer(Made& made, Source near);

} // namespace pollux::conformance::model
