// SPDX-License-Identifier: BSL-1.0
#include "child.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <exception>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pollux::io_uring_tests {
namespace {

constexpr int patience_ms = 30'000;
constexpr int result_pipe = 1000; // above the descriptors that tests close

} // namespace

std::string fault_in_child(const std::function<std::string()>& body) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) == -1) return "pipe: " + std::string(std::strerror(errno));
    const pid_t child = fork();
    if (child == 0) {
        const int out = dup2(ends[1], result_pipe);
        close(ends[0]);
        close(ends[1]);
        std::string fault;
        try {
            fault = body();
        } catch (const std::exception& failure) {
            fault = failure.what();
        }
        const bool is_written = write(out, fault.data(), fault.size()) == static_cast<ssize_t>(fault.size());
        _exit(is_written ? 0 : 1);
    }
    close(ends[1]);
    std::string fault;
    std::array<char, 512> part{};
    pollfd readable{ends[0], POLLIN, 0};
    bool has_ended = false;
    while (!has_ended && poll(&readable, 1, patience_ms) == 1) {
        const auto size = read(ends[0], part.data(), part.size());
        has_ended = size <= 0;
        if (size > 0) fault.append(part.data(), static_cast<std::size_t>(size));
    }
    close(ends[0]);
    if (!has_ended) {
        kill(child, SIGKILL);
        fault += "the child hangs";
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (fault.empty() && WIFSIGNALED(status))
        fault = "the child was killed by signal " + std::to_string(WTERMSIG(status));
    if (fault.empty() && WEXITSTATUS(status) != 0)
        fault = "the child ended with status " + std::to_string(WEXITSTATUS(status));
    return fault;
}

} // namespace pollux::io_uring_tests
