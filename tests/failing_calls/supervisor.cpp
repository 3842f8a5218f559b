// SPDX-License-Identifier: BSL-1.0
#include "supervisor.hpp"

#include "calls.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV // Linux 5.19
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace pollux::failing_calls {
namespace {

/// Longer than a run on any machine and under any sanitizer.
constexpr int timeout_milliseconds = 60'000;

[[noreturn]] void fail(const char* step) { throw std::system_error(errno, std::generic_category(), step); }

std::vector<sock_filter> filter() {
    std::vector<sock_filter> rules;
    const auto add = [&rules](std::uint16_t code, std::uint32_t value, std::uint8_t yes = 0, std::uint8_t no = 0) {
        rules.push_back({code, yes, no, value});
    };
    const auto load = [&](std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); };
    load(offsetof(seccomp_data, nr));
    // write(2) to the standard streams does not fail: the program prints by it.
    add(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 3);
    load(offsetof(seccomp_data, args));
    add(BPF_JMP | BPF_JGT | BPF_K, STDERR_FILENO, 1, 0);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    // Memory without a file does not fail: allocations have runs of their own.
    load(offsetof(seccomp_data, nr));
    add(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3);
    load(offsetof(seccomp_data, args) + 4 * sizeof(std::uint64_t));
    add(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffffU, 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    load(offsetof(seccomp_data, nr));
    const auto all = calls();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto to_notify = static_cast<std::uint8_t>(all.size() - i);
        add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(all[i].number), to_notify, 0);
    }
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    add(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    return rules;
}

/// Installs the filter in the calling process; returns the descriptor that reports its calls, or -1 and errno.
int install_filter() {
    auto rules = filter();
    const sock_fprog program{static_cast<unsigned short>(rules.size()), rules.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) return -1;
    return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                    SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
                                    &program));
}

/// A message of one byte and one descriptor, for sendmsg(2) and recvmsg(2).
struct DescriptorMessage {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr header{};
    DescriptorMessage() {
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
    }
};

void send_descriptor(int socket, int descriptor) {
    DescriptorMessage message;
    auto* const part = CMSG_FIRSTHDR(&message.header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
    if (sendmsg(socket, &message.header, 0) != 1) _exit(2);
}

/// Returns -1 if the child ended without sending one.
int receive_descriptor(int socket) {
    DescriptorMessage message;
    if (recvmsg(socket, &message.header, 0) != 1) return -1;
    const auto* const part = CMSG_FIRSTHDR(&message.header);
    int descriptor = -1;
    if (part) std::memcpy(&descriptor, CMSG_DATA(part), sizeof descriptor);
    return descriptor;
}

/// Lets one system call of the child proceed or fail.
void respond(int listener, const Failure& failure, Run& run) {
    seccomp_notif call{};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == -1) return; // its thread was killed meanwhile
    const auto index = run.calls.size();
    run.calls.push_back(call.data.nr);
    const auto errors = find_call(call.data.nr)->errors;
    const int error = errors[failure.choice % errors.size()];
    const bool is_later = failure.persists && index > failure.index && run.calls[failure.index] == call.data.nr;
    const bool is_injected = index == failure.index || (is_later && (error != EINTR || run.interrupted < 3));
    run.interrupted += is_injected && error == EINTR;
    seccomp_notif_resp response{};
    response.id = call.id;
    if (is_injected) {
        response.error = -error;
    } else {
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

[[noreturn]] void run_child(int socket, const std::function<void()>& begin, const std::function<int()>& body) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    begin();
    const int listener = install_filter();
    if (listener == -1) {
        std::perror("seccomp");
        _exit(2);
    }
    send_descriptor(socket, listener);
    close(listener);
    close(socket);
    std::exit(body()); // exit() runs the leak detector
}

} // namespace

Run supervise(const std::function<void()>& begin, const std::function<int()>& body, const Failure& failure,
              std::size_t most_calls) {
    std::array<int, 2> sockets{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) == -1) fail("socketpair");
    const pid_t child = fork();
    if (child == -1) fail("fork");
    if (child == 0) {
        close(sockets[0]);
        run_child(sockets[1], begin, body);
    }
    close(sockets[1]);
    const int listener = receive_descriptor(sockets[0]);
    close(sockets[0]);
    Run run;
    if (listener == -1) {
        waitpid(child, &run.status, 0);
        throw std::runtime_error("this system cannot report system calls: seccomp(2), SECCOMP_RET_USER_NOTIF");
    }
    for (pollfd reports{listener, POLLIN, 0};;) {
        const int count = poll(&reports, 1, timeout_milliseconds);
        if (count == -1 && errno == EINTR) continue;
        run.is_hung = count == 0;
        run.is_spinning = run.calls.size() > most_calls;
        if (run.is_hung || run.is_spinning) kill(child, SIGKILL);
        if (run.is_hung || run.is_spinning || (reports.revents & POLLHUP)) break;
        if (reports.revents & POLLIN) respond(listener, failure, run);
    }
    close(listener);
    while (waitpid(child, &run.status, 0) == -1 && errno == EINTR) {}
    return run;
}

} // namespace pollux::failing_calls
