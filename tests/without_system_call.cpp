// SPDX-License-Identifier: BSL-1.0
// Runs a program in which a system call fails, as on an old kernel (ENOSYS), in a sandbox (EPERM) or without memory.
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <utility>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using Number = std::pair<std::string_view, unsigned>;

constexpr std::array<Number, 3> calls{{{"epoll_pwait2", SYS_epoll_pwait2},
                                       {"io_uring_setup", SYS_io_uring_setup},
                                       {"io_uring_enter", SYS_io_uring_enter}}};
constexpr std::array<Number, 3> errors{{{"ENOSYS", ENOSYS}, {"EPERM", EPERM}, {"ENOMEM", ENOMEM}}};

const unsigned* find(const std::array<Number, 3>& numbers, std::string_view name) {
    for (const auto& [known, number] : numbers) {
        if (known == name) return &number;
    }
    return nullptr;
}

} // namespace

int main(int argc, char** argv) {
    const unsigned* const call = argc > 3 ? find(calls, argv[1]) : nullptr;
    const unsigned* const error = argc > 3 ? find(errors, argv[2]) : nullptr;
    if (!call || !error) {
        std::fputs("usage: pollux-without-system-call epoll_pwait2|io_uring_setup|io_uring_enter ENOSYS|EPERM|ENOMEM "
                   "PROGRAM [ARGUMENT]...\n",
                   stderr);
        return 2;
    }
    std::array<sock_filter, 4> rules{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, *call, 0, 1),
                                      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | *error),
                                      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    const sock_fprog program{static_cast<unsigned short>(rules.size()), rules.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1) {
        std::perror("pollux-without-system-call: prctl");
        return 1;
    }
    execv(argv[3], argv + 3);
    std::perror(argv[3]);
    return 1;
}
