// SPDX-License-Identifier: BSL-1.0
// Tests of two threads in calls of one Poll, which a debug build of the library aborts with one line.
#include "../conformance/process.hpp"
#include "../harness/death.hpp"
#include "../harness/rule.hpp"
#include "core_test.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

namespace pollux::core_tests {
namespace {

/// Returns how a child ends in which `action` runs while another thread sleeps in poll().
Death death_during_poll(const std::function<void(std::unique_ptr<Poll>&)>& action) {
    return death_by([&] {
        auto poll = std::make_unique<Poll>(poll_with(backends().front()));
        const auto handle = poll->registrator();
        std::atomic<int> number = -1; // the id of the thread that is about to sleep
        std::thread sleeper([&number, &sleeping = *poll] {
            Events events;
            static_cast<void>(sleeping.registrator().wake());
            static_cast<void>(sleeping.poll(events));
            number = conformance::thread_number();
            static_cast<void>(sleeping.poll(events));
        });
        while (number == -1) std::this_thread::yield();
        conformance::wait_until_asleep(number, [] { return false; });
        action(poll);
        static_cast<void>(handle.close());
        sleeper.join();
    });
}

// A debug build aborts with one line if two threads are in poll(), reopen() or the destructor at once.
RULE(poll, wrong_thread) {
    using Action = std::function<void(std::unique_ptr<Poll>&)>;
    const std::vector<Action> wrongs{
        [](auto& poll) {
            Events events;
            static_cast<void>(poll->poll(events));
        },
        [](auto& poll) {
            Events events;
            static_cast<void>(poll->poll(events, 1h));
        },
        [](auto& poll) { static_cast<void>(poll->reopen()); },
        [](auto& poll) { poll.reset(); },
    };
    EXPECT_EQ(wrongs.size(), 4U);
#ifndef NDEBUG // a release build does not check
    for (const auto& wrong : wrongs) {
        const auto death = death_during_poll(wrong);
        EXPECT_EQ(death.signal, SIGABRT);
        EXPECT_NE(death.error_output.find("pollux::Poll: "), std::string::npos) << death.error_output;
        EXPECT_NE(death.error_output.find("one thread at a time"), std::string::npos) << death.error_output;
        EXPECT_EQ(std::count(death.error_output.begin(), death.error_output.end(), '\n'), 1) << death.error_output;
    }
#endif
}

TEST(WrongThread, does_not_include_threads_that_change_wake_or_close) {
    const auto death = death_during_poll([](auto& poll) {
        const Pipe pipe;
        static_cast<void>(poll->registrator().add(pipe.reader(), {Token{1}, Ready::readable}));
        static_cast<void>(poll->registrator().remove(pipe.reader()));
        static_cast<void>(poll->registrator().wake());
        static_cast<void>(poll->close());
    });
    EXPECT_EQ(death.signal, 0) << death.error_output;
    EXPECT_EQ(death.error_output, "");
}

TEST(WrongThread, does_not_include_threads_that_poll_one_after_the_other) {
    const auto death = death_by([] {
        auto poll = poll_with(backends().front());
        Events events;
        for (int i = 0; i < 3; ++i) {
            std::thread([&] { static_cast<void>(poll.poll(events, 0ns)); }).join();
            static_cast<void>(poll.poll(events, 0ns));
            auto other = std::move(poll);
            poll = std::move(other);
        }
    });
    EXPECT_EQ(death.signal, 0) << death.error_output;
    EXPECT_EQ(death.error_output, "");
}

// The threads of the parent do not exist in a forked child.
TEST(WrongThread, does_not_include_threads_of_the_parent) {
    const auto death = death_during_poll([](auto& poll) {
        const auto child = death_by([&] { poll.reset(); });
        EXPECT_EQ(child.signal, 0) << child.error_output;
        std::fputs(child.error_output.c_str(), stderr);
    });
    EXPECT_EQ(death.signal, 0) << death.error_output;
    EXPECT_EQ(death.error_output, "");
}

} // namespace
} // namespace pollux::core_tests
