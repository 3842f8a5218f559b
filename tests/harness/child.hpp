// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

namespace pollux::harness {

/// Runs `body` in a forked child, which then ends without running destructors or exit handlers. A child that hangs is
/// killed after two minutes. A failure in the child fails the test.
inline void run_in_child(const std::function<void()>& body) {
    const bool had_failed = ::testing::Test::HasFailure();
    std::fflush(nullptr); // otherwise the child would print it once more
    const pid_t child = fork();
    ASSERT_NE(child, -1);
    if (child == 0) {
        alarm(120);
        body();
        std::fflush(nullptr);
        _exit(::testing::Test::HasFailure() != had_failed ? 1 : 0);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << "of the child: " << (WIFSIGNALED(status) ? "ended by a signal" : "something failed there");
}

} // namespace pollux::harness
