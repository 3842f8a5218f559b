// SPDX-License-Identifier: BSL-1.0
// Tests of poll() with signals: it waits for its whole timeout and for its event.
#include "core_test.hpp"

#include <atomic>
#include <thread>

#include <pthread.h>
#include <signal.h>

namespace pollux::core_tests {
namespace {

extern "C" void do_nothing(int) {}

/// A Signals object sends signals to the thread that constructs it, while it exists; each would end a system call.
class Signals {
  public:
    Signals() {
        struct sigaction action {};
        action.sa_handler = do_nothing; // without SA_RESTART
        sigaction(SIGUSR1, &action, &before_);
        sender_ = std::thread([this, target = pthread_self()] {
            while (!over_) {
                pthread_kill(target, SIGUSR1);
                std::this_thread::sleep_for(500us);
            }
        });
    }
    ~Signals() {
        over_ = true;
        sender_.join();
        sigaction(SIGUSR1, &before_, nullptr);
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

  private:
    struct sigaction before_ {};
    std::atomic<bool> over_ = false;
    std::thread sender_;
};

TEST(PollSignals, do_not_end_a_wait) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        Events events;
        const Signals signals;
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_FALSE(poll.poll(events, 50ms));
        EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
        EXPECT_TRUE(events.empty());
    }
}

TEST(PollSignals, do_not_lose_an_event) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        const Pipe pipe;
        EXPECT_FALSE(poll.registrator().add(pipe.reader(), {Token{1}, Ready::readable}));
        const Signals signals;
        std::thread writer([&] {
            std::this_thread::sleep_for(20ms);
            pipe.write();
        });
        Events events;
        EXPECT_FALSE(poll.poll(events)); // without a timeout: returns only with the event
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].token, Token{1});
        writer.join();
    }
}

} // namespace
} // namespace pollux::core_tests
