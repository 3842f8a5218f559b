// SPDX-License-Identifier: BSL-1.0
#include "child_processes.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>

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
    const pid_t maker = getpid();
    const pid_t child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != maker) _exit(0); // the maker has ended before that
    for (;;) pause();
}

void end_sleeping(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}

/// Serves requests until the other end of the socket is closed: 0 starts a process, a process id ends it, and a
/// negative one ends it without a reply. The next process is started in advance.
[[noreturn]] void make_processes(int socket) {
    pid_t spare = start_sleeping();
    for (pid_t request = 0; read(socket, &request, sizeof request) == sizeof request;) {
        if (request != 0) end_sleeping(std::abs(request));
        if (request < 0) continue;
        if (spare == -1) spare = start_sleeping();
        const pid_t answer = request == 0 ? std::exchange(spare, -1) : request;
        if (write(socket, &answer, sizeof answer) != sizeof answer) break;
        if (spare == -1) spare = start_sleeping();
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

void ChildProcesses::send(pid_t request) {
    demand(static_cast<int>(write(socket_, &request, sizeof request)), "write");
}

pid_t ChildProcesses::ask(pid_t request) {
    pid_t answer = -1;
    send(request);
    demand(static_cast<int>(read(socket_, &answer, sizeof answer)), "read");
    if (answer <= 0) throw std::system_error(EAGAIN, std::system_category(), "fork");
    return answer;
}

pid_t ChildProcesses::start() { return ask(0); }
void ChildProcesses::end(pid_t child) { ask(child); }
void ChildProcesses::end_later(pid_t child) { send(-child); }

} // namespace pollux::conformance::model
