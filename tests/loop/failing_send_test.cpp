// SPDX-License-Identifier: BSL-1.0
// Tests of signal handlers whose send() fails: this program replaces it. Linux only.
#include "../harness/next_function.hpp"
#include "loop_test.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>

#include <sys/socket.h>

namespace {

std::atomic<int> fail_sends = 0; // of one byte, which are those of handlers
std::atomic<int> failed_sends = 0;

const auto system_send = pollux::harness::next_function(&send, "send");

} // namespace

extern "C" ssize_t send(int descriptor, const void* bytes, size_t count, int flags) {
    if (count != 1 || fail_sends == 0) return system_send(descriptor, bytes, count, flags);
    --fail_sends;
    ++failed_sends;
    errno = ENOBUFS;
    return -1;
}

namespace pollux::loop::tests {
namespace {

constexpr int for_ever = 1 << 30;

TEST(OnSignal, is_not_lost_when_a_send_of_its_handler_fails) {
    for (const auto& backend : backends()) {
        for (int failures = 0; failures < 8; ++failures) {
            SCOPED_TRACE(backend);
            Loop loop(request(backend));
            const Watchdog watchdog(loop);
            int calls = 0;
            auto watcher = loop.on_signal(SIGUSR1, [&] { ++calls; });
            loop.run_for(0ns);
            failed_sends = 0;
            fail_sends = failures;
            std::raise(SIGUSR1);
            EXPECT_EQ(failed_sends, failures);
            EXPECT_TRUE(loop.run_one());
            EXPECT_EQ(calls, 1);
            std::raise(SIGUSR1);
            EXPECT_TRUE(loop.run_one());
            EXPECT_EQ(calls, 2);
        }
    }
}

// If the sends of a signal handler fail repeatedly, run() throws the error, and the next run() calls the watcher for
// the signal. The handler of the next signal sends again.
RULE(on_signal, failure) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        int calls = 0;
        auto watcher = loop.on_signal(SIGUSR1, [&] { ++calls; });
        loop.run_for(0ns);
        for (int round = 1; round <= 3; ++round) {
            fail_sends = for_ever;
            std::raise(SIGUSR1);
            std::raise(SIGUSR1);
            fail_sends = 0;
            try {
                loop.run_one();
                ADD_FAILURE() << "no error";
            } catch (const std::system_error& error) {
                EXPECT_EQ(error.code(), std::errc::no_buffer_space);
            }
            EXPECT_TRUE(loop.run_one());
            EXPECT_EQ(calls, 2 * round - 1);
            fail_sends = for_ever;
            std::raise(SIGUSR1);
            fail_sends = 0;
            std::raise(SIGUSR1); // wakes the Loop for both signals
            EXPECT_TRUE(loop.run_one());
            EXPECT_EQ(calls, 2 * round);
        }
    }
}

} // namespace
} // namespace pollux::loop::tests
