// SPDX-License-Identifier: BSL-1.0
// Tests of handles in many threads while their Poll is used and destroyed.
#include "core_test.hpp"

#include <atomic>
#include <thread>

namespace pollux::core_tests {
namespace {

constexpr int thread_count = 4;

/// Calls all functions of a handle until they return that the Poll was destroyed.
void use_until_canceled(const PollRegistrator& handle, const std::atomic<bool>& gone) {
    const Pipe pipe;
    for (;;) {
        const bool was_gone = gone;
        const auto added = handle.add(pipe.reader(), {Token{1}, Ready::readable});
        const auto modified = handle.modify(pipe.reader(), {Token{2}, Ready::readable | Ready::writable});
        const auto removed = handle.remove(pipe.reader());
        const auto woken = handle.wake();
        if (was_gone) {
            for (const auto& error : {added, modified, removed, woken}) EXPECT_EQ(error, canceled);
            return;
        }
        for (const auto& error : {added, modified, removed, woken}) {
            EXPECT_TRUE(!error || error == canceled) << error.message();
        }
    }
}

TEST(PollThreads, handles_beside_the_end_of_their_poll) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        for (int round = 0; round < 50; ++round) {
            auto poll = std::make_unique<Poll>(poll_with(backend));
            std::atomic<bool> gone = false;
            std::atomic<int> begun = 0;
            std::vector<std::thread> threads;
            for (int i = 0; i < thread_count; ++i) {
                threads.emplace_back([&, handle = poll->registrator()] {
                    ++begun;
                    use_until_canceled(handle, gone);
                });
            }
            while (begun < thread_count) std::this_thread::yield();
            Events events;
            for (int i = 0; i < round % 4; ++i) EXPECT_FALSE(poll->poll(events, patience));
            poll.reset(); // returns although the other threads continue
            gone = true;
            for (auto& thread : threads) thread.join();
        }
    }
}

TEST(PollThreads, close_by_many_at_once) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        for (int round = 0; round < 50; ++round) {
            auto poll = poll_with(backend);
            std::vector<std::thread> threads;
            for (int i = 0; i < thread_count; ++i) {
                threads.emplace_back([handle = poll.registrator()] { static_cast<void>(handle.close()); });
            }
            Events events;
            EXPECT_EQ(poll.poll(events, patience), canceled);
            for (auto& thread : threads) thread.join();
        }
    }
}

TEST(PollThreads, work_is_handed_over_by_wakes) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        constexpr int last = 2000;
        int written = 0; // not atomic: the wake makes it visible
        std::atomic<int> seen = 0;
        std::thread writer([&, handle = poll.registrator()] {
            for (int i = 1; i <= last; ++i) {
                written = i;
                EXPECT_FALSE(handle.wake());
                while (seen < i) std::this_thread::yield();
            }
        });
        Events events;
        for (int i = 1; i <= last; ++i) {
            ASSERT_FALSE(poll.poll(events, patience));
            ASSERT_EQ(events.size(), 1U);
            EXPECT_EQ(events[0].token, wake_token);
            EXPECT_EQ(written, i);
            seen = i;
        }
        writer.join();
    }
}

} // namespace
} // namespace pollux::core_tests
