// SPDX-License-Identifier: BSL-1.0
// Tests of a queue that is bound to the Selector of a backend: one wait for sources and tokens.
#include "../harness/backends.hpp"
#include "notify_test.hpp"

#include <pollux/poll.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <string>

namespace pollux::notify::tests {
namespace {

using harness::backends;

Request request(const std::string& backend) { return {.backend = backend, .folders = {harness::folder_of_plugins()}}; }

TEST(Bound, to_a_destroyed_poll) {
    auto poll_of_sources = std::make_unique<Poll>(request(backends().front()));
    auto [notifier, poller] = event_queue(8, poll_of_sources->registrator());
    notify(notifier, {1});
    EXPECT_EQ(poll(poller), Numbers{1});
    poll_of_sources.reset();
    EXPECT_EQ(notifier.notify(Token{2}), std::errc::operation_canceled);
    EXPECT_EQ(poll(poller), Numbers{2});
}

class WithBackend : public testing::TestWithParam<std::string> {};

/// Waits for wake_token.
bool woken(Selector& selector) {
    std::array<Event, 4> buffer{};
    std::error_code error;
    const auto events = selector.select(buffer, patience, error);
    EXPECT_FALSE(error) << error.message();
    return events.size() == 1 && events[0].token == wake_token;
}

/// One thread writes and notifies, twice each round, and waits until the other one has seen it.
void hand_over(Selector& selector, TokenQueue queue, int rounds_at_most) {
    std::atomic<int> written = 0, seen = 0;
    std::atomic<bool> over = false;
    std::thread writer([&, notifier = queue.notifier] {
        Rounds rounds(rounds_at_most);
        while (const int round = rounds.next()) {
            for (const int half : {0, 1}) {
                written.store(2 * round + half, std::memory_order_relaxed);
                // Every other round conflates them.
                EXPECT_FALSE(notifier.notify(half == 1 && round % 2 == 1 ? Token{1} : Token{0}));
            }
            const auto is_seen = [&] { return seen.load(std::memory_order_relaxed) == 2 * round + 1; };
            ASSERT_TRUE(eventually(is_seen)) << "lost: " << round;
        }
        over = true;
        EXPECT_FALSE(notifier.notify(Token{2}));
    });
    Tokens tokens;
    for (bool last = false; !last;) {
        if (!woken(selector)) {
            ADD_FAILURE() << "a wake was lost, or something else came";
            break;
        }
        queue.poller.poll(tokens, written % 3 == 0 ? 1 : no_limit);
        for (const auto token : tokens) {
            seen.store(written.load(std::memory_order_relaxed), std::memory_order_relaxed);
            last = last || token == Token{2};
        }
    }
    writer.join();
    EXPECT_TRUE(over);
}

TEST_P(WithBackend, is_woken_by_a_notification) {
    std::unique_ptr<Selector> selector = open(request(GetParam()));
    hand_over(*selector, event_queue(3, selector->registrator()), 5000);
}

TEST_P(WithBackend, tokens_are_delivered_beside_events) {
    Poll poll_of_sources(request(GetParam()));
    auto [notifier, poller] = event_queue(3, poll_of_sources.registrator());
    Events events;
    std::thread([own = notifier] { notify(own, {2, 0, 2}); }).join();
    Numbers all;
    while (all.size() < 2) {
        ASSERT_FALSE(poll_of_sources.poll(events, patience));
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].token, wake_token);
        for (const auto number : poll(poller)) all.push_back(number);
    }
    EXPECT_EQ(all, (Numbers{2, 0}));
}

INSTANTIATE_TEST_SUITE_P(Bound, WithBackend, testing::ValuesIn(backends()),
                         [](const auto& backend) { return backend.param; });

// Notifications of other threads end a sleeping select() of every backend, before the first poll() and after each.
RULE(notify, wakes_select) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        std::unique_ptr<Selector> selector = open(request(backend));
        auto [notifier, poller] = event_queue(3, selector->registrator());
        for (int round = 0; round < 10; ++round) {
            std::thread other([round, own = notifier] {
                if (round % 2 == 0)
                    std::this_thread::sleep_for(
                        2ms); // the thread most likely sleeps by then; the rule holds in either case
                notify(own, {1});
            });
            ASSERT_TRUE(woken(*selector));
            EXPECT_EQ(poll(poller), Numbers{1});
            other.join();
        }
    }
}

} // namespace
} // namespace pollux::notify::tests
