// SPDX-License-Identifier: BSL-1.0
// Tests for Linux, where each descriptor is close-on-exec from the start.
#include "loop_test.hpp"

#include "../net/spawned.hpp"

namespace pollux::loop::tests {
namespace {

TEST(CloseOnExec, holds_for_signals_beside_a_thread_that_spawns) {
    const auto settings = request("epoll");
    const auto open_and_close = [&] {
        Loop loop(settings);
        const auto watcher = loop.on_signal(SIGUSR1, [] {});
    };
    open_and_close(); // opens what is opened once for the process
    EXPECT_EQ(net::tests::inherited_beside(open_and_close), 0);
}

TEST(StandardStreams, are_not_taken_for_signals) {
    const auto child = fork();
    if (child == 0) {
        const auto settings = request("epoll");
        Loop loop(settings);
        for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) close(stream);
        const auto watcher = loop.on_signal(SIGUSR1, [] {});
        for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
            if (fcntl(stream, F_GETFD) != -1) _exit(1);
        }
        _exit(0);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

} // namespace
} // namespace pollux::loop::tests
