// SPDX-License-Identifier: BSL-1.0
// Tests of the destruction of one end, in every order.
#include "notify_test.hpp"

namespace pollux::notify::tests {
namespace {

template <typename Queue>
void expect_disconnected_after_the_poller(Queue queue) {
    auto [notifier, poller] = std::move(queue);
    auto copy = notifier;
    notify(notifier, {0});
    { const auto end = std::move(poller); }
    auto later = notifier;
    for (auto* each : {&notifier, &copy, &later}) {
        EXPECT_EQ(each->notify(Token{0}), gone) << "queued before, and never taken";
        EXPECT_EQ(each->notify(Token{1}), gone);
        EXPECT_EQ(each->notify(Token{2}), invalid);
    }
}

// After its Poller is destroyed a queue reports to every Notifier that it is disconnected.
RULE(notify, consumer_destroyed) { expect_disconnected_after_the_poller(event_queue(2)); }

// After its LanePoller is destroyed a queue of lanes reports to every LaneNotifier that it is disconnected.
RULE(lanes, consumer_destroyed) { expect_disconnected_after_the_poller(event_queue(2, lanes)); }

TEST(Disconnect, poller_outlives_its_notifiers) {
    auto poller = [] {
        auto queue = event_queue(2);
        notify(queue.notifier, {1});
        return std::move(queue.poller);
    }();
    EXPECT_EQ(poll(poller), Numbers{1});
    EXPECT_EQ(poll(poller), Numbers());
}

// After its Receiver is destroyed a channel reports to every Sender that it is disconnected.
RULE(channel, receiver_destroyed) {
    auto [sender, receiver] = event_channel(2);
    auto copy = sender;
    notify(sender, {0});
    { const auto end = std::move(receiver); }
    for (const auto* each : {&sender, &copy}) {
        EXPECT_EQ(each->notify(Token{0}), gone);
        EXPECT_EQ(each->notify(Token{1}), gone);
        EXPECT_EQ(each->notify(Token{2}), invalid);
    }
}

// After the last Sender is destroyed the Receiver returns the queued tokens first, and then that it is disconnected,
// from each call of each kind.
RULE(channel, senders_destroyed) {
    Tokens tokens;
    auto [sender, receiver] = event_channel(4);
    {
        const auto first = std::move(sender);
        auto second = first;
        notify(second, {3, 1, 2});
        second = event_channel(1).sender; // an assignment destroys the old one, too
        EXPECT_FALSE(receiver.recv(tokens, 1));
        EXPECT_EQ(numbers(tokens), Numbers{3});
    }
    EXPECT_FALSE(receiver.try_recv(tokens, 1));
    EXPECT_EQ(numbers(tokens), Numbers{1});
    EXPECT_FALSE(receiver.recv(tokens));
    EXPECT_EQ(numbers(tokens), Numbers{2});
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(receiver.recv(tokens), gone);
        EXPECT_EQ(receiver.recv(tokens, patience), gone);
        EXPECT_EQ(receiver.recv(tokens, 0ns), gone);
        EXPECT_EQ(receiver.try_recv(tokens), gone);
        EXPECT_TRUE(tokens.empty());
    }
}

/// Several Senders are destroyed while the Receiver waits, with and without a last token.
TEST(Disconnect, ends_a_recv_that_waits) {
    Rounds rounds(500);
    while (const int round = rounds.next()) {
        auto [sender, receiver] = event_channel(4);
        StartingLine begun(3);
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < 2; ++i) {
            threads.emplace_back([&begun, round, i, own = sender] {
                begun.arrive_and_wait();
                if (round % 2 == 0) notify(own, {i});
            });
        }
        { const auto end = std::move(sender); }
        begun.arrive_and_wait();
        Tokens tokens;
        std::size_t count = 0;
        std::error_code error;
        while (!(error = receiver.recv(tokens, patience))) {
            ASSERT_FALSE(tokens.empty()) << "the end of the Senders was not reported";
            count += tokens.size();
        }
        EXPECT_EQ(error, gone);
        EXPECT_EQ(count, round % 2 == 0 ? 2U : 0U);
        for (auto& thread : threads) thread.join();
    }
}

/// A recv() without a timeout returns no success without a token, even if what woke it is the end of the last Sender.
TEST(Disconnect, ends_a_recv_that_waits_without_a_timeout) {
    Rounds rounds(500);
    while (const int round = rounds.next()) {
        auto [sender, receiver] = event_channel(1);
        StartingLine begun(2);
        std::thread thread([&begun, round, own = std::move(sender)]() mutable {
            begun.arrive_and_wait();
            // Different steps of waiting are met, among them sleep.
            const auto end = std::chrono::steady_clock::now() + round % 50 * 10us;
            while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
            const auto last = std::move(own);
        });
        begun.arrive_and_wait();
        Tokens tokens;
        EXPECT_EQ(receiver.recv(tokens), gone);
        thread.join();
    }
}

/// The Receiver is destroyed while Senders send; the last end frees the channel.
TEST(Disconnect, both_ends_at_once) {
    Rounds rounds(500);
    while (rounds.next() != 0) {
        auto [sender, receiver] = event_channel(4);
        StartingLine begun(2);
        std::thread thread([&begun, own = std::move(sender)] {
            begun.arrive_and_wait();
            const std::error_code error = own.notify(Token{1});
            EXPECT_TRUE(!error || error == gone);
        });
        begun.arrive_and_wait();
        { const auto end = std::move(receiver); }
        thread.join();
    }
}

/// LaneNotifiers are made and destroyed beside poll(): their last tokens are not lost.
TEST(Disconnect, lanes_are_opened_and_destroyed) {
    auto [notifier, poller] = event_queue(3, lanes);
    Rounds rounds(300);
    while (rounds.next() != 0) {
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < 3; ++i) {
            threads.emplace_back([i, own = notifier]() mutable { EXPECT_FALSE(own.notify(Token{i})); });
        }
        std::vector<int> seen(3);
        EXPECT_TRUE(eventually([&, &poller = poller] {
            for (const auto number : poll(poller)) ++seen[number];
            return seen == std::vector{1, 1, 1};
        }));
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(poll(poller), Numbers());
    }
}

} // namespace
} // namespace pollux::notify::tests
