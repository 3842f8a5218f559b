// SPDX-License-Identifier: BSL-1.0
// Rules of poll.hpp.
#include "../harness/rule.hpp"
#include "core_test.hpp"

#include <atomic>
#include <functional>
#include <thread>

namespace pollux::core_tests {
namespace {

constexpr Watch reads{Token{1}, Ready::readable, Mode::level};

/// Closes a Poll whose thread sleeps in poll(), or is about to; returns the error of that poll().
std::error_code close_while_polling(Poll& poll, std::chrono::milliseconds head_start,
                                    const std::function<void()>& close) {
    std::error_code result;
    std::atomic<bool> begun = false;
    std::thread sleeper([&] {
        Events events;
        begun = true;
        result = poll.poll(events, 4 * patience);
        EXPECT_TRUE(events.empty());
    });
    while (!begun) std::this_thread::yield();
    std::this_thread::sleep_for(head_start); // the thread most likely sleeps by then; the rule holds in either case
    close();
    sleeper.join();
    return result;
}

void expect_closed(Poll& poll) {
    Events events;
    for (const Timeout timeout : {forever, Timeout(0ns), Timeout(1ms), Timeout(-1ms), forever}) {
        EXPECT_EQ(poll.poll(events, timeout), canceled);
        EXPECT_TRUE(events.empty());
    }
    const Pipe pipe;
    EXPECT_EQ(poll.registrator().add(pipe.reader(), reads), canceled);
    EXPECT_EQ(poll.registrator().wake(), canceled);
}

// Poll::close() and the handle's close() end a sleeping poll(), which then returns operation_canceled from each call.
RULE(poll, close_wakes) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        for (const auto head_start : {0ms, 0ms, 1ms, 20ms}) {
            auto by_poll = poll_with(backend);
            EXPECT_EQ(close_while_polling(by_poll, head_start, [&] { static_cast<void>(by_poll.close()); }), canceled);
            expect_closed(by_poll);

            auto by_handle = poll_with(backend);
            const auto handle = by_handle.registrator();
            EXPECT_EQ(close_while_polling(by_handle, head_start, [&] { static_cast<void>(handle.close()); }), canceled);
            expect_closed(by_handle);
        }
        auto before = poll_with(backend);
        const Pipe pipe;
        EXPECT_FALSE(before.registrator().add(pipe.reader(), reads));
        pipe.write();
        static_cast<void>(before.close());
        static_cast<void>(before.close());
        expect_closed(before); // even if a source is ready
    }
}

// A handle that outlives its Poll returns operation_canceled from every call.
RULE(poll, registrator_outlives) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        const Pipe pipe;
        auto poll = std::make_unique<Poll>(poll_with(backend));
        const auto handle = poll->registrator();
        const auto copy = handle;
        EXPECT_FALSE(handle.add(pipe.reader(), reads));
        poll.reset();
        for (const auto& kept : {handle, copy}) {
            EXPECT_EQ(kept.add(pipe.writer(), reads), canceled);
            EXPECT_EQ(kept.modify(pipe.reader(), reads), canceled);
            EXPECT_EQ(kept.remove(pipe.reader()), canceled);
            EXPECT_EQ(kept.wake(), canceled);
            static_cast<void>(kept.close());
            EXPECT_EQ(kept.wake(), canceled);
        }
    }
}

// Poll::open() returns a Poll with its Choice, which can be reopened, or no Poll, no_such_device, and the report of all
// that was tried.
RULE(poll, open) {
    Choice choice;
    auto error = make_error_code(std::errc::io_error);
    EXPECT_FALSE(Poll::open({.backend = "nosuch", .folders = {folder_of_plugins()}}, choice, error));
    EXPECT_EQ(error, std::errc::no_such_device);
    EXPECT_NE(choice.text().find("cannot open backend \"nosuch\""), std::string::npos) << choice.text();
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = Poll::open({.backend = backend, .folders = {folder_of_plugins()}}, choice, error);
        ASSERT_TRUE(poll) << choice.text();
        EXPECT_FALSE(error) << "an earlier one is cleared";
        EXPECT_EQ(choice.stack(), backend);
        EXPECT_EQ(poll->choice().stack(), backend);
        EXPECT_FALSE(poll->registrator().wake());
        const Pipe pipe;
        EXPECT_FALSE(poll->registrator().add(pipe.reader(), reads));
        EXPECT_FALSE(poll->reopen());
        pipe.write();
        Events events;
        do {
            ASSERT_FALSE(poll->poll(events, 4 * patience));
            ASSERT_FALSE(events.empty());
        } while (events[0].token == wake_token);
        EXPECT_EQ(events[0].token, reads.token);
        auto without_table =
            Poll::open({.backend = backend, .folders = {folder_of_plugins()}}, choice, error, ReopenAdds::nothing);
        ASSERT_TRUE(without_table);
        EXPECT_FALSE(without_table->registrator().add(pipe.reader(), reads));
        EXPECT_FALSE(without_table->reopen());
        EXPECT_TRUE(without_table->registrator().remove(pipe.reader())) << "the new Selector watches nothing";
    }
}

} // namespace
} // namespace pollux::core_tests
