// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pollux::harness {

/// A Death is how a child process ended, and its standard error output.
struct Death {
    int signal = 0; // 0: it exited
    std::string error_output = {};
};

inline Death death_by(const std::function<void()>& action) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) throw std::system_error(errno, std::system_category(), "pipe");
    const auto child = fork();
    if (child == 0) {
        alarm(120);
        const rlimit no_core{};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        action();
        _exit(0);
    }
    close(ends[1]);
    Death death;
    std::array<char, 256> buffer{};
    for (ssize_t count = 0; (count = read(ends[0], buffer.data(), buffer.size())) > 0;)
        death.error_output.append(buffer.data(), static_cast<std::size_t>(count));
    close(ends[0]);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) death.signal = WTERMSIG(status);
    return death;
}

} // namespace pollux::harness
