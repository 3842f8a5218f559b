// SPDX-License-Identifier: BSL-1.0
// Tests of a queue in one thread.
#include "notify_test.hpp"

#include <limits>
#include <stdexcept>
#include <type_traits>

namespace pollux::notify::tests {
namespace {

// A class for one thread can be moved and not copied; one for many can be copied.
static_assert(std::is_nothrow_move_constructible_v<Poller> && std::is_nothrow_move_assignable_v<Poller>);
static_assert(!std::is_copy_constructible_v<Poller> && !std::is_copy_assignable_v<Poller>);
static_assert(!std::is_default_constructible_v<Poller> && !std::is_default_constructible_v<Notifier>);
static_assert(std::is_copy_constructible_v<Notifier> && std::is_nothrow_move_constructible_v<Notifier>);
static_assert(!std::is_copy_constructible_v<Tokens>);
// A number does not convert to a Token, nor one end to the other.
static_assert(!std::is_invocable_v<decltype(&Notifier::notify), const Notifier&, int>);
static_assert(!std::is_constructible_v<Notifier, Poller> && !std::is_constructible_v<Poller, Notifier>);

// Tokens are returned in the order in which they were first notified.
RULE(notify, fifo) {
    auto [notifier, poller] = event_queue(10);
    EXPECT_EQ(poll(poller), Numbers());
    notify(notifier, {7, 0, 9, 3});
    EXPECT_EQ(poll(poller), (Numbers{7, 0, 9, 3}));
    EXPECT_EQ(poll(poller), Numbers());
    notify(notifier, {3, 7});
    EXPECT_EQ(poll(poller), (Numbers{3, 7}));
}

// A token that is notified several times before poll() is returned once, in its first place; afterwards it can be
// queued again.
RULE(notify, conflates) {
    auto [notifier, poller] = event_queue(3);
    const auto copy = notifier;
    for (int round = 0; round < 5; ++round) {
        notify(notifier, {2, 1, 2, 2, 0, 1, 2});
        notify(copy, {0, 1, 2});
        EXPECT_EQ(poll(poller), (Numbers{2, 1, 0}));
        EXPECT_EQ(poll(poller), Numbers());
    }
}

// poll() returns at most as many tokens as the limit and the buffer allow; the others stay queued, in order.
RULE(notify, limit) {
    auto [notifier, poller] = event_queue(8);
    notify(notifier, {5, 4, 3, 2, 1, 0});
    EXPECT_EQ(poll(poller, 0), Numbers());
    EXPECT_EQ(poll(poller, 2), (Numbers{5, 4}));
    Tokens room_for_one(1);
    EXPECT_EQ(poller.poll(room_for_one), 1U);
    EXPECT_EQ(numbers(room_for_one), Numbers{3});
    Tokens no_room(0);
    EXPECT_EQ(poller.poll(no_room), 0U);
    notify(notifier, {5, 2}); // one that was polled, one that was not
    EXPECT_EQ(poll(poller, 100), (Numbers{2, 1, 0, 5}));
    auto large = event_queue(300); // Tokens have room for 256 unless another capacity is given
    for (std::size_t i = 0; i < 300; ++i) notify(large.notifier, {i});
    EXPECT_EQ(poll(large.poller).size(), 256U);
    EXPECT_EQ(poll(large.poller).size(), 44U);
}

// Under a limit a token that is notified continuously does not hold back another one.
RULE(notify, fair) {
    auto [notifier, poller] = event_queue(4);
    notify(notifier, {0, 1, 2, 3});
    for (int round = 0; round < 5; ++round) {
        for (std::size_t expected = 0; expected < 4; ++expected) {
            EXPECT_EQ(poll(poller, 1), Numbers{expected});
            notify(notifier, {0, 1, 2, 3});
        }
    }
}

// A Notifier refuses a token that is not below the capacity, with no other effect.
RULE(notify, out_of_range) {
    auto [notifier, poller] = event_queue(3);
    constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t number : {std::uint64_t{3}, std::uint64_t{4}, std::uint64_t{1} << 32U, largest}) {
        EXPECT_EQ(notifier.notify(Token{number}), invalid) << number;
    }
    EXPECT_EQ(poll(poller), Numbers());
    notify(notifier, {2});
    EXPECT_EQ(poll(poller), Numbers{2});
}

TEST(Queue, capacity) {
    auto [notifier, poller] = event_queue(0);
    EXPECT_EQ(notifier.notify(Token{0}), invalid);
    EXPECT_EQ(poll(poller), Numbers());
    constexpr auto largest = std::size_t{1} << 28U;
    EXPECT_EQ(TokenRing<RealMemory>::checked(largest), largest) << "a queue of that capacity takes a gigabyte";
    EXPECT_THROW(event_queue(largest + 1), std::length_error);
    EXPECT_THROW(event_queue(largest + 1, lanes), std::length_error);
    EXPECT_THROW(event_channel(std::numeric_limits<std::size_t>::max()), std::length_error);
}

TEST(Queue, all_tokens_at_once) {
    for (const std::size_t capacity : {1U, 2U, 3U, 64U, 100U, 1000U}) {
        auto [notifier, poller] = event_queue(capacity);
        Tokens tokens(capacity);
        for (int round = 0; round < 3; ++round) {
            for (std::size_t i = capacity; i-- > 0;) EXPECT_FALSE(notifier.notify(Token{i}));
            ASSERT_EQ(poller.poll(tokens), capacity);
            for (std::size_t i = 0; i < capacity; ++i) EXPECT_EQ(tokens[i], Token{capacity - 1 - i});
        }
    }
}

/// Positions in the queue wrap around: those of the ring in each round, those of 32 and 33 bits, and those of a word.
TEST(Queue, positions_wrap) {
    constexpr auto last = std::numeric_limits<std::size_t>::max();
    for (const std::size_t edge : {std::size_t{1} << 20U, last / 4 / 2, last / 4, last / 2, last, std::size_t{0}}) {
        for (const std::size_t wide :
             {std::size_t{1} << 31U, std::size_t{1} << 31U << 1U, std::size_t{1} << 31U << 2U}) {
            for (const auto first : {edge - 3, wide - 3}) {
                TokenRing<RealMemory> ring(3, first);
                TokenLane<RealMemory> lane(3, first);
                for (std::size_t i = 0; i < 40; ++i) {
                    std::array<Token, 3> taken{};
                    for (std::size_t k = 0; k <= i % 3; ++k) {
                        EXPECT_EQ(ring.push(Token{(i + k) % 3}), Pushed::queued);
                        EXPECT_TRUE(lane.push((i + k) % 3));
                        EXPECT_FALSE(lane.push((i + k) % 3));
                    }
                    EXPECT_EQ(ring.push(Token{i % 3}), Pushed::conflated);
                    EXPECT_EQ(ring.try_sleep(), SleepResult::more);
                    ASSERT_EQ(ring.take(taken), i % 3 + 1);
                    for (std::size_t k = 0; k <= i % 3; ++k) EXPECT_EQ(taken.at(k), Token{(i + k) % 3});
                    EXPECT_EQ(ring.try_sleep(), SleepResult::asleep);
                    ring.cancel_sleep();
                    std::size_t next = i;
                    EXPECT_TRUE(lane.take([&](std::size_t number) { return number == next++ % 3; }));
                    EXPECT_EQ(next, i + i % 3 + 1);
                }
                EXPECT_FALSE(ring.finish());
                EXPECT_TRUE(ring.is_finished());
            }
        }
    }
}

TEST(Queue, is_moved) {
    auto queue = event_queue(4);
    notify(queue.notifier, {1});
    auto poller = std::move(queue.poller);
    EXPECT_EQ(poll(poller), Numbers{1});
    auto other = event_queue(4);
    notify(other.notifier, {2});
    poller = std::move(other.poller);
    EXPECT_EQ(queue.notifier.notify(Token{1}), gone) << "the Poller that was replaced is gone";
    EXPECT_EQ(poll(poller), Numbers{2});

    Tokens tokens;
    notify(other.notifier, {3});
    poller.poll(tokens);
    const Tokens taken = std::move(tokens);
    EXPECT_EQ(numbers(taken), Numbers{3});
    EXPECT_TRUE(tokens.empty());
}

TEST(Tokens, are_moved) {
    EXPECT_TRUE(Tokens().empty()) << "before the first poll()";
    auto [notifier, poller] = event_queue(4);
    notify(notifier, {3, 1, 2});
    Tokens two(2), other(4);
    EXPECT_EQ(poller.poll(two), 2U);
    other = std::move(two);
    EXPECT_EQ(numbers(other), (Numbers{3, 1}));
    EXPECT_TRUE(two.empty()); // NOLINT(bugprone-use-after-move): it holds nothing
    notify(notifier, {3, 1});
    EXPECT_EQ(poller.poll(other), 2U) << "the room was moved, too";
    EXPECT_EQ(numbers(other), (Numbers{2, 3}));
}

} // namespace
} // namespace pollux::notify::tests
