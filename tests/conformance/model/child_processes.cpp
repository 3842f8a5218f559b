// SPDX-License-Identifier: BSL-1.0
#include "child_processes.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pollux::conformance::model {
namespace {

int demand(int result, const char* call) {
    if (result == -1) throw std::system_error(errno, std::system_category(), call);
    return result;
}

pid_t start_sleeping() {
    const pid_t child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
}

/// Answers requests until the other end of the socket is closed: 0 starts a process, any other number ends it.
[[noreturn]] void make_processes(int socket) {
    for (pid_t request = 0; read(socket, &request, sizeof request) == sizeof request;) {
        pid_t answer = request;
        if (request == 0) {
            answer = start_sleeping();
        } else {
            kill(request, SIGKILL);
            waitpid(request, nullptr, 0);
        }
        if (write(socket, &answer, sizeof answer) != sizeof answer) break;
    }
    _exit(0);
}

} // namespace

ChildProcesses::ChildProcesses() {
    std::array<int, 2> ends{};
    demand(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    maker_ = demand(fork(), "fork");
    if (maker_ == 0) {
        ::close(ends[0]);
        make_processes(ends[1]);
    }
    ::close(ends[1]);
    socket_ = ends[0];
}

ChildProcesses::~ChildProcesses() {
    ::close(socket_);
    waitpid(maker_, nullptr, 0);
}

pid_t ChildProcesses::ask(pid_t request) {
    pid_t answer = -1;
    demand(static_cast<int>(write(socket_, &request, sizeof request)), "write");
    demand(static_cast<int>(read(socket_, &answer, sizeof answer)), "read");
    if (answer <= 0) throw std::system_error(EAGAIN, std::system_category(), "fork");
    return answer;
}

pid_t ChildProcesses::start() { return ask(0); }
void ChildProcesses::end(pid_t child) { ask(child); }

} // namespace pollux::conformance::model
