// SPDX-License-Identifier: BSL-1.0
// Tests of a Poll in the parent and in the child of fork().
#include "../harness/child.hpp"
#include "../harness/rule.hpp"
#include "../harness/scripted_selector.hpp"
#include "core_test.hpp"

#include <atomic>
#include <optional>
#include <thread>

namespace pollux::core_tests {
namespace {

using Answer = ScriptedSelector::Answer;

std::unique_ptr<Selector> scripted(std::shared_ptr<Record> record) {
    return std::make_unique<ScriptedSelector>(std::move(record), [](std::size_t) {
        return Answer{.events = {{Token{7}, Ready::readable}}};
    });
}

/// The next event that is not a wake.
void expect_reports(Poll& poll, Token token) {
    Events events;
    while (true) {
        ASSERT_FALSE(poll.poll(events, patience));
        ASSERT_FALSE(events.empty());
        for (const auto& event : events) {
            if (event.token == wake_token) continue;
            EXPECT_EQ(event.token, token);
            EXPECT_EQ(event.ready, Ready::readable);
            return;
        }
    }
}

void expect_quiet(Poll& poll) {
    Events events;
    EXPECT_FALSE(poll.poll(events, 1ms));
    EXPECT_TRUE(events.empty());
}

// In a forked child every call of a Poll returns no_such_process and reaches no Selector.
RULE(poll, forked) {
    const auto record = std::make_shared<Record>();
    Poll poll(scripted(record));
    const auto handle = poll.registrator();
    EXPECT_FALSE(handle.add(Source{3}, {Token{1}, Ready::readable}));
    const auto gone = make_error_code(std::errc::no_such_process);
    run_in_child([&] {
        Events events;
        for (const Timeout timeout : {forever, Timeout(0ns), Timeout(1h)}) {
            EXPECT_EQ(poll.poll(events, timeout), gone);
            EXPECT_TRUE(events.empty());
        }
        EXPECT_EQ(handle.add(Source{4}, {Token{1}, Ready::readable}), gone);
        EXPECT_EQ(handle.modify(Source{3}, {Token{1}, Ready::readable}), gone);
        EXPECT_EQ(handle.remove(Source{3}), gone);
        EXPECT_EQ(handle.wake(), gone);
        EXPECT_FALSE(poll.close());
        EXPECT_EQ(poll.poll(events), canceled);
        EXPECT_EQ(record->wakes, 0);
        EXPECT_EQ(record->changes.size(), 1U);
        EXPECT_TRUE(record->timeouts.empty());
        poll = Poll(scripted(std::make_shared<Record>()));
        EXPECT_TRUE(record->destroyed);
        EXPECT_EQ(handle.wake(), canceled);
    });
    EXPECT_FALSE(handle.wake());
}

// After reopen() a child has a Selector of its own with all watches; neither its calls nor its exit change the parent's
// watches and wakes, and the parent's calls do not change the child's.
RULE(poll, reopen_in_child) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = std::make_unique<Poll>(poll_with(backend));
        const auto handle = poll->registrator();
        const Pipe kept, removed, late;
        EXPECT_FALSE(handle.add(kept.reader(), {Token{1}, Ready::readable, Mode::oneshot}));
        EXPECT_FALSE(handle.add(removed.reader(), {Token{2}, Ready::readable, Mode::level}));
        run_in_child([&] {
            ASSERT_FALSE(poll->reopen());
            kept.write();
            expect_reports(*poll, Token{1});
            EXPECT_FALSE(handle.remove(kept.reader()));
            EXPECT_FALSE(handle.remove(removed.reader()));
            EXPECT_FALSE(handle.add(late.reader(), {Token{3}, Ready::readable, Mode::level}));
            late.write();
            expect_reports(*poll, Token{3});
            EXPECT_FALSE(handle.wake());
            run_in_child([&] { // and again in a grandchild
                EXPECT_EQ(handle.wake(), std::errc::no_such_process);
                ASSERT_FALSE(poll->reopen());
                expect_reports(*poll, Token{3});
                poll.reset();
                EXPECT_EQ(handle.wake(), canceled);
            });
            expect_reports(*poll, Token{3});
            poll.reset();
        });
        expect_reports(*poll, Token{1});
        expect_quiet(*poll); // expects neither the child's watch nor its wake
        removed.write();
        expect_reports(*poll, Token{2});
        EXPECT_FALSE(handle.add(late.reader(), {Token{4}, Ready::readable, Mode::level}));
    }
}

// Other threads are inside calls at fork(): the child, in which they do not exist, does not wait for them.
TEST(PollFork, beside_calls_of_other_threads) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Poll poll = poll_with(backend);
        const Pipe pipe;
        EXPECT_FALSE(poll.registrator().add(pipe.reader(), {Token{1}, Ready::readable, Mode::level}));
        std::atomic<bool> over = false;
        std::atomic<int> begun = 0; // threads
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) {
            threads.emplace_back([&, handle = poll.registrator()] {
                const Pipe own;
                bool is_first = true;
                do {
                    EXPECT_FALSE(handle.add(own.reader(), {Token{2}, Ready::readable}));
                    EXPECT_FALSE(handle.modify(pipe.reader(), {Token{1}, Ready::readable, Mode::level}));
                    EXPECT_FALSE(handle.remove(own.reader()));
                    if (std::exchange(is_first, false)) ++begun;
                } while (!over);
            });
        }
        while (begun < 3) std::this_thread::yield();
        for (int round = 0; round < 40; ++round) {
            run_in_child([&] {
                if (round % 2 == 0) {
                    const auto error = poll.reopen();
                    ASSERT_FALSE(error) << error.message();
                    pipe.write();
                    expect_reports(poll, Token{1});
                    EXPECT_FALSE(poll.registrator().modify(pipe.reader(), {Token{3}, Ready::readable, Mode::level}));
                    std::array<char, 1> byte{};
                    EXPECT_EQ(read(pipe.reader(), byte.data(), 1), 1);
                }
                poll = Poll(scripted(std::make_shared<Record>()));
            });
        }
        over = true;
        for (auto& thread : threads) thread.join();
        pipe.write();
        expect_reports(poll, Token{1});
    }
}

} // namespace
} // namespace pollux::core_tests
