// SPDX-License-Identifier: BSL-1.0
// Tests of a queue of lanes in one thread.
#include "notify_test.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <type_traits>

namespace pollux::notify::tests {
namespace {

static_assert(!std::is_copy_constructible_v<LanePoller> && !std::is_copy_assignable_v<LanePoller>);
static_assert(std::is_nothrow_move_constructible_v<LanePoller> && std::is_nothrow_move_assignable_v<LanePoller>);
static_assert(std::is_copy_constructible_v<LaneNotifier> && std::is_nothrow_move_constructible_v<LaneNotifier>);
// A LaneNotifier is for one thread at a time, and cannot be used where many share it.
static_assert(!std::is_invocable_v<decltype(&LaneNotifier::notify), const LaneNotifier&, Token>);

// The tokens of each LaneNotifier are returned once each, in the order in which it first notified them.
RULE(lanes, fifo) {
    auto [first, poller] = event_queue(10, lanes);
    auto second = first;
    for (int round = 0; round < 5; ++round) {
        notify(first, {4, 2, 4, 3});
        notify(second, {9, 8, 9, 7});
        Numbers of_first, of_second;
        for (const auto number : poll(poller)) (number < 5 ? of_first : of_second).push_back(number);
        EXPECT_EQ(of_first, (Numbers{4, 2, 3}));
        EXPECT_EQ(of_second, (Numbers{9, 8, 7}));
        EXPECT_EQ(poll(poller), Numbers());
    }
}

// A token that several LaneNotifiers notified is returned once by one poll().
RULE(lanes, once) {
    auto [first, poller] = event_queue(4, lanes);
    auto second = first;
    for (int round = 0; round < 5; ++round) {
        notify(first, {1, 2});
        notify(second, {2, 1, 3});
        auto all = poll(poller);
        std::sort(all.begin(), all.end());
        EXPECT_EQ(all, (Numbers{1, 2, 3}));
        EXPECT_EQ(poll(poller), Numbers());
    }
}

// Under a limit poll() takes from the lanes in turn: a lane that is never empty does not hold back another one.
RULE(lanes, fair) {
    auto [busy, poller] = event_queue(6, lanes);
    auto other = busy;
    auto third = busy;
    for (int round = 0; round < 5; ++round) {
        notify(other, {4});
        notify(third, {5});
        std::vector<int> seen(6);
        for (int polls = 0; polls < 3; ++polls) {
            notify(busy, {0, 1, 2, 3});
            for (const auto number : poll(poller, 2)) ++seen[number];
        }
        EXPECT_EQ(seen[4] + seen[5], 2);
    }
}

// A LaneNotifier refuses a token that is not below the capacity, with no other effect.
RULE(lanes, out_of_range) {
    auto [notifier, poller] = event_queue(3, lanes);
    EXPECT_EQ(notifier.notify(Token{3}), invalid);
    EXPECT_EQ(notifier.notify(wake_token), invalid);
    EXPECT_EQ(poll(poller), Numbers());
}

TEST(Lanes, keep_tokens_that_do_not_fit) {
    auto [first, poller] = event_queue(8, lanes);
    auto second = first;
    notify(first, {0, 1, 2});
    notify(second, {5, 6, 7});
    EXPECT_EQ(poll(poller, 0), Numbers());
    Numbers all;
    for (int i = 0; i < 3; ++i) {
        const auto some = poll(poller, 2);
        EXPECT_EQ(some.size(), 2U);
        all.insert(all.end(), some.begin(), some.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, (Numbers{0, 1, 2, 5, 6, 7}));
}

TEST(Lanes, are_moved) {
    auto queue = event_queue(4, lanes);
    auto other = event_queue(8, lanes);
    notify(queue.notifier, {1});
    auto poller = std::move(queue.poller);
    EXPECT_EQ(poll(poller), Numbers{1});
    poller = std::move(other.poller);
    EXPECT_EQ(queue.notifier.notify(Token{1}), gone) << "the LanePoller that was replaced is gone";
    queue.notifier = other.notifier;
    notify(queue.notifier, {7});
    EXPECT_EQ(poll(poller), Numbers{7}) << "an assigned LaneNotifier queues into the other queue";
    auto moved = std::move(queue.notifier);
    notify(moved, {6});
    EXPECT_EQ(poll(poller), Numbers{6});
}

/// A lane is freed after its LaneNotifier was destroyed and its tokens were delivered, not before.
TEST(Lanes, of_destroyed_notifiers_are_delivered) {
    auto queue = event_queue(8, lanes);
    {
        auto first = queue.notifier;
        auto second = queue.notifier;
        auto third = second;
        notify(first, {1, 2});
        notify(third, {3});
        second = first; // a new lane
        notify(second, {4});
    }
    { const auto end = std::move(queue.notifier); }
    Numbers all;
    for (int i = 0; i < 4; ++i) {
        for (const auto number : poll(queue.poller, 1)) all.push_back(number);
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, (Numbers{1, 2, 3, 4}));
    EXPECT_EQ(poll(queue.poller), Numbers());
}

/// LaneNotifiers that are added and removed, at random, beside polls with and without room: each token that one
/// notified is delivered once after that, in its order, and those of a destroyed one, too.
TEST(Lanes, that_are_added_and_removed_at_random) {
    constexpr std::size_t capacity = 64, own_tokens = 4; // of each LaneNotifier: no two share one
    std::mt19937 random(1);
    auto [origin, poller] = event_queue(capacity, lanes);
    std::vector<std::optional<LaneNotifier>> notifiers(capacity / own_tokens);
    std::vector<Numbers> queued(notifiers.size());
    std::size_t count = 0;
    for (int step = 0; step < 20'000; ++step) {
        const auto index = random() % notifiers.size();
        auto& notifier = notifiers[index];
        switch (random() % 4) {
        case 0:
            // The lane of a former one may still hold its tokens, which the new one must not mix with its own.
            if (!notifier && queued[index].empty()) {
                notifier.emplace(origin);
            } else {
                notifier.reset();
            }
            break;
        case 1:
        case 2:
            for (auto i = random() % 3; notifier && i > 0; --i) {
                const auto number = index * own_tokens + random() % own_tokens;
                notify(*notifier, {number});
                auto& own = queued[index];
                if (std::find(own.begin(), own.end(), number) != own.end()) continue;
                own.push_back(number);
                ++count;
            }
            break;
        default: {
            const auto limit = random() % 3 == 0 ? no_limit : random() % 4;
            const auto taken = poll(poller, limit);
            ASSERT_EQ(taken.size(), std::min(limit, count));
            count -= taken.size();
            for (const auto number : taken) {
                auto& own = queued[number / own_tokens];
                ASSERT_FALSE(own.empty());
                ASSERT_EQ(own.front(), number);
                own.erase(own.begin());
            }
        }
        }
    }
    for (auto& notifier : notifiers) notifier.reset();
    EXPECT_EQ(poll(poller).size(), count);
    EXPECT_EQ(poll(poller), Numbers());
}

} // namespace
} // namespace pollux::notify::tests
