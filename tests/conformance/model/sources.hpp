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

/// A TCP listener that answers no request for a connection, and the connection that fills its queue.
struct Unresponsive {
    Owned listener, queued;
    sockaddr_in address;
};

/// The objects that all scenes of a process share; made while it has one thread.
struct Surroundings {
    Surroundings();

    ChildProcesses& children;
    Unresponsive unresponsive;
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
    /// Ends the process, and returns after its end.
    void end();

  private:
    pid_t number_ = 0;
};

/// A source and the means to make it ready. Near is closed first, so that a TCP connection is reset, and its port is
/// free.
struct Made {
    Process process;
    std::vector<Owned> clients; // of a listener, not accepted yet
    sockaddr_in address{};      // of a listener
    Owned far, near;
    int signal = 0;
    std::size_t changes = 0; // of a file, or expirations of a timer
};

/// `signal`: the signal of a signalfd; no other source of the process may use it. Errors: std::system_error.
Made make(Nature nature, int signal);

/// These return the result of their system call: bytes or 0, or -1 and errno. None blocks.
ssize_t send_one(Source near, Nature nature);
ssize_t send_urgent(Source far);

/// Carries out far's part of an operation; returns an empty text on success. Near has received it on return.
std::string let_far_write(Made& made, Nature nature, Source near, std::size_t amount, std::size_t before);
std::string connect_to_unresponsive(Source near);
std::string connect_to_closed_port(Source near);
std::string answer(Made& made, Source near);

} // namespace pollux::conformance::model
