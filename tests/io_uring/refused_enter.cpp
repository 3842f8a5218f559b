// SPDX-License-Identifier: BSL-1.0
#include "refused_enter.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pollux::io_uring_tests {
namespace {

std::mutex plan_mutex;
int error_of_plan = 0, still_accepted = 0, still_refused = 0;
pid_t thread_of_hold = 0; // the thread whose calls are not held; 0: no call is held
int still_passing = 0;    // calls of the others that pass before calls are held
std::vector<std::uint64_t> held;
std::atomic<int> call_count = 0, held_count = 0;
std::atomic<int> listener = -1;

/// Holds a call, if the plan requires it.
bool hold(const seccomp_notif& call) {
    const std::lock_guard lock(plan_mutex);
    if (thread_of_hold == 0 || static_cast<pid_t>(call.pid) == thread_of_hold || still_passing-- > 0) return false;
    held.push_back(call.id);
    ++held_count;
    return true;
}

int next_error() {
    const std::lock_guard lock(plan_mutex);
    ++call_count;
    if (still_accepted > 0) {
        --still_accepted;
        return 0;
    }
    if (still_refused == 0) return 0;
    --still_refused;
    return error_of_plan;
}

[[noreturn]] void respond_for_ever() {
    while (listener == -1) std::this_thread::yield();
    for (;;) {
        seccomp_notif call{};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == -1 || hold(call)) continue;
        seccomp_notif_resp answer{};
        answer.id = call.id;
        answer.error = -next_error();
        if (answer.error == 0) answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

int install(const sock_fprog& program, unsigned flags) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) throw std::system_error(errno, std::system_category(), "prctl");
    const long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (result == -1) throw std::system_error(errno, std::system_category(), "seccomp");
    return static_cast<int>(result);
}

} // namespace

RefusedEnter::RefusedEnter() {
    std::thread(respond_for_ever).detach(); // before the filter, which must not apply to it
    std::array<sock_filter, 4> rules{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_enter, 0, 1),
                                      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
                                      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    listener = install({static_cast<unsigned short>(rules.size()), rules.data()}, SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

void RefusedEnter::refuse(int error, int accepted, int refused) {
    const std::lock_guard lock(plan_mutex);
    error_of_plan = error;
    still_accepted = accepted;
    still_refused = refused;
}

void RefusedEnter::hold_others(int passing) {
    const std::lock_guard lock(plan_mutex);
    thread_of_hold = static_cast<pid_t>(syscall(SYS_gettid));
    still_passing = passing;
}

void RefusedEnter::release_others() {
    const std::lock_guard lock(plan_mutex);
    thread_of_hold = 0;
    for (const auto id : held) {
        seccomp_notif_resp answer{};
        answer.id = id;
        answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); // a call that a signal has interrupted is repeated
    }
    held.clear();
}

int RefusedEnter::calls() const { return call_count; }
int RefusedEnter::held_calls() const { return held_count; }

void forbid_ring_calls() {
    std::array<sock_filter, 5> rules{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_enter, 1, 0),
                                      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_register, 0, 1),
                                      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                                      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    install({static_cast<unsigned short>(rules.size()), rules.data()}, 0);
}

} // namespace pollux::io_uring_tests
