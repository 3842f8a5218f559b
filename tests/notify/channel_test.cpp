// SPDX-License-Identifier: BSL-1.0
// Tests of a channel: waiting and waking.
#include "notify_test.hpp"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <limits>
#include <type_traits>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

namespace pollux::notify::tests {
namespace {

static_assert(!std::is_copy_constructible_v<Receiver> && !std::is_copy_assignable_v<Receiver>);
static_assert(std::is_nothrow_move_constructible_v<Receiver> && std::is_nothrow_move_assignable_v<Receiver>);
static_assert(std::is_nothrow_copy_constructible_v<Sender> && std::is_nothrow_move_constructible_v<Sender>);

TEST(Channel, delivers_what_a_queue_delivers) {
    auto [sender, receiver] = event_channel(8);
    Tokens tokens;
    notify(sender, {5, 3, 5, 1, 2});
    EXPECT_FALSE(receiver.recv(tokens, 2));
    EXPECT_EQ(numbers(tokens), (Numbers{5, 3}));
    EXPECT_FALSE(receiver.recv(tokens, patience, 1));
    EXPECT_EQ(numbers(tokens), Numbers{1});
    EXPECT_FALSE(receiver.recv(tokens));
    EXPECT_EQ(numbers(tokens), Numbers{2});
}

// A Sender refuses a token that is not below the capacity, with no other effect.
RULE(channel, out_of_range) {
    auto [sender, receiver] = event_channel(3);
    EXPECT_EQ(sender.notify(Token{3}), invalid);
    Tokens tokens;
    EXPECT_FALSE(receiver.try_recv(tokens));
    EXPECT_TRUE(tokens.empty());
}

// try_recv() returns the queued tokens; without any it neither blocks nor fails.
RULE(channel, try_recv) {
    auto [sender, receiver] = event_channel(3);
    Tokens tokens;
    EXPECT_FALSE(receiver.try_recv(tokens));
    EXPECT_TRUE(tokens.empty());
    notify(sender, {1, 0});
    EXPECT_FALSE(receiver.try_recv(tokens, 1));
    EXPECT_EQ(numbers(tokens), Numbers{1});
    EXPECT_FALSE(receiver.try_recv(tokens));
    EXPECT_EQ(numbers(tokens), Numbers{0});
    EXPECT_FALSE(receiver.try_recv(tokens));
    EXPECT_TRUE(tokens.empty()) << "those of the call before are gone";
}

// recv() with a buffer without room returns invalid_argument at once instead of waiting for ever, and no token is lost.
RULE(channel, empty_buffer) {
    auto [sender, receiver] = event_channel(3);
    notify(sender, {1});
    Tokens none(0), some(4);
    EXPECT_EQ(receiver.recv(none), invalid);
    EXPECT_EQ(receiver.recv(none, patience), invalid);
    EXPECT_EQ(receiver.try_recv(some, 0), invalid);
    EXPECT_FALSE(receiver.recv(some));
    EXPECT_EQ(numbers(some), Numbers{1});
    EXPECT_EQ(receiver.recv(some, 0), invalid);
    EXPECT_TRUE(some.empty()) << "those of the call before are gone";
}

// recv() with a timeout never returns early without a token, and then returns neither an error nor a token; tokens that
// are sent later are not lost.
RULE(channel, timeout) {
    auto [sender, receiver] = event_channel(3);
    Tokens tokens;
    using clock = std::chrono::steady_clock;
    for (const std::chrono::nanoseconds timeout : {-1ns, 0ns, 1ns, 999ns, 1'000'000ns, 20'000'000ns}) {
        const auto begin = clock::now();
        EXPECT_FALSE(receiver.recv(tokens, timeout));
        EXPECT_GE(clock::now() - begin, timeout);
        EXPECT_TRUE(tokens.empty());
        notify(sender, {2});
        EXPECT_FALSE(receiver.recv(tokens, timeout));
        EXPECT_EQ(numbers(tokens), Numbers{2});
    }
    // The longest wait does not overflow.
    std::thread later([own = sender] {
        std::this_thread::sleep_for(5ms); // the thread most likely sleeps by then; the rule holds in either case
        EXPECT_FALSE(own.notify(Token{1}));
    });
    EXPECT_FALSE(receiver.recv(tokens, std::chrono::nanoseconds::max()));
    EXPECT_EQ(numbers(tokens), Numbers{1});
    later.join();
    // A wait that was woken leaves nothing that ends the next one early, or keeps it from ending.
    const auto begin = clock::now();
    EXPECT_FALSE(receiver.recv(tokens, 5ms));
    EXPECT_GE(clock::now() - begin, 5ms);
    EXPECT_TRUE(tokens.empty());
}

// A notification wakes a waiting Receiver, whatever step of waiting it has reached.
RULE(channel, wakes) {
    auto there = event_channel(1);
    auto back = event_channel(1);
    // In turns each thread sends and waits, so that each notification meets a receiver that is about to sleep. Some
    // turns wait longer, so that the other one does sleep.
    const auto take_part = [](const Sender& sender, Receiver& receiver, bool begins, Rounds rounds) {
        Tokens tokens;
        unsigned pause = 0;
        for (;;) {
            if (begins) {
                const bool over = rounds.next() == 0;
                if (over) return;
                pause = (pause * 5 + 1) % 512;
                for (unsigned i = 0; i < pause; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
                EXPECT_FALSE(sender.notify(Token{0}));
            }
            const auto error = receiver.recv(tokens, patience);
            if (error == gone) return;
            ASSERT_FALSE(tokens.empty()) << "a wake was lost";
            if (!begins) notify(sender, {0});
        }
    };
    std::thread other([&take_part, sender = std::move(back.sender), receiver = std::move(there.receiver)]() mutable {
        take_part(sender, receiver, false, Rounds(0));
    });
    {
        const auto sender = std::move(there.sender);
        take_part(sender, back.receiver, true, Rounds(1'000'000, 8s));
    }
    other.join();
}

#ifdef CLOCK_THREAD_CPUTIME_ID
/// A Receiver that waits sleeps: after some microseconds it uses no processor, with a timeout and without, and does not
/// wake to look.
TEST(Channel, waiting_takes_no_processor_time) {
    const auto used = [] {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return now.tv_sec * 1s + now.tv_nsec * 1ns;
    };
    const auto sleeps = [] {
#ifdef RUSAGE_THREAD
        rusage usage{};
        getrusage(RUSAGE_THREAD, &usage);
        return usage.ru_nvcsw;
#else
        return 0L; // not counted for a thread
#endif
    };
    constexpr long few_sleeps = 100;
    for (const bool has_timeout : {true, false}) {
        std::chrono::nanoseconds least = patience;
        long fewest = std::numeric_limits<long>::max();
        for (int attempt = 0; attempt < 20 && (least >= 10ms || fewest >= few_sleeps); ++attempt) {
            auto [sender, receiver] = event_channel(1);
            std::thread other;
            if (!has_timeout) {
                other = std::thread([own = std::move(sender)] {
                    std::this_thread::sleep_for(100ms);
                    notify(own, {0});
                });
            }
            Tokens tokens;
            const auto before = used();
            const auto slept = sleeps();
            EXPECT_FALSE(receiver.recv(tokens, has_timeout ? Timeout(100ms) : forever));
            least = std::min<std::chrono::nanoseconds>(least, used() - before);
            fewest = std::min(fewest, sleeps() - slept);
            EXPECT_EQ(tokens.empty(), has_timeout);
            if (other.joinable()) other.join();
        }
        EXPECT_LT(least, 10ms);
        EXPECT_LT(fewest, few_sleeps);
    }
}
#endif

/// Many senders and one receiver, which sleeps with and without a timeout: each token is delivered.
TEST(Channel, many_senders_wake_one_receiver) {
    constexpr std::size_t thread_count = 4;
    auto [sender, receiver] = event_channel(thread_count);
    std::vector<std::atomic<int>> sent(thread_count), seen(thread_count);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < thread_count; ++i) {
        threads.emplace_back([i, own = sender, &mine = sent[i], &theirs = seen[i]] {
            Rounds rounds(2000);
            while (const int round = rounds.next()) {
                mine.store(round, std::memory_order_relaxed);
                EXPECT_FALSE(own.notify(Token{i}));
                const auto is_seen = [&] { return theirs.load(std::memory_order_relaxed) == round; };
                ASSERT_TRUE(eventually(is_seen)) << "lost: " << round;
            }
        });
    }
    { const auto end = std::move(sender); }
    Tokens tokens;
    std::error_code error;
    for (unsigned i = 0; !error; ++i) {
        error = receiver.recv(tokens, i % 2 == 0 ? Timeout(i % 100 * 1us) : forever, 1 + i % 3);
        for (const auto number : numbers(tokens)) {
            seen[number].store(sent[number].load(std::memory_order_relaxed), std::memory_order_relaxed);
        }
    }
    EXPECT_EQ(error, gone);
    for (auto& thread : threads) thread.join();
}

TEST(Channel, is_moved) {
    auto channel = event_channel(4);
    notify(channel.sender, {1});
    auto receiver = std::move(channel.receiver);
    auto other = event_channel(4);
    notify(other.sender, {2});
    receiver = std::move(other.receiver);
    EXPECT_EQ(channel.sender.notify(Token{1}), gone) << "the Receiver that was replaced is gone";
    Tokens tokens;
    EXPECT_FALSE(receiver.recv(tokens));
    EXPECT_EQ(numbers(tokens), Numbers{2});
    channel.sender = other.sender;
    notify(channel.sender, {3});
    EXPECT_FALSE(receiver.recv(tokens));
    EXPECT_EQ(numbers(tokens), Numbers{3});
}

} // namespace
} // namespace pollux::notify::tests
