// SPDX-License-Identifier: BSL-1.0
// Tests of many threads that notify one.
#include "notify_test.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <numeric>

namespace pollux::notify::tests {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

/// The thread that receives a token sees the word at the time of the call, or a later one, so that it does not wait in
/// vain, although all words are relaxed.
void expect_visible(auto queue, int words_per_round) {
    std::atomic<int> word = 0, seen = 0;
    std::atomic<bool> over = false;
    std::thread reader([&, poller = std::move(queue.poller)]() mutable {
        Tokens tokens;
        const auto take = [&] {
            if (poller.poll(tokens) != 0) seen.store(word.load(relaxed), relaxed);
        };
        for (int polls = 0; !over.load(relaxed); ++polls) {
            take();
            if (polls % 64 == 0) std::this_thread::yield();
        }
    });
    Rounds rounds(100'000, 1s);
    for (int last = 0; rounds.next() != 0;) {
        for (int i = 0; i < words_per_round; ++i) {
            word.store(++last, relaxed);
            EXPECT_FALSE(queue.notifier.notify(Token{0}));
        }
        const auto is_seen = [&] { return seen.load(relaxed) == last; };
        if (!eventually(is_seen)) {
            ADD_FAILURE() << "an update was lost: wrote " << last << ", seen " << seen;
            break;
        }
    }
    over = true;
    reader.join();
}

// What was written before notify() is visible to the consumer that receives the token, even if the token is returned a
// second time.
RULE(notify, visible) {
    expect_visible(event_queue(1), 1);
    expect_visible(event_queue(1, lanes), 1);
}

// What was written before notify() is visible to the consumer even if the token was queued already, in a race of the
// second notify() of each round with a poll().
RULE(notify, visible_conflated) {
    expect_visible(event_queue(1), 2);
    expect_visible(event_queue(1), 3);
    expect_visible(event_queue(1, lanes), 2);
}

/// Plain data that was written before the call that queued the token is visible, too: for ThreadSanitizer.
void expect_plain_data(auto queue) {
    constexpr std::size_t thread_count = 4, of_each = 2000;
    std::vector<std::size_t> plain(thread_count * of_each);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < thread_count; ++i) {
        threads.emplace_back([i, &plain, own = queue.notifier]() mutable {
            for (std::size_t k = i; k < thread_count * of_each; k += thread_count) {
                plain[k] = k + 1;
                EXPECT_FALSE(own.notify(Token{k}));
            }
        });
    }
    std::size_t count = 0;
    const auto all_came = [&] {
        for (const auto number : poll(queue.poller)) {
            EXPECT_EQ(plain[number], number + 1);
            ++count;
        }
        return count == plain.size();
    };
    EXPECT_TRUE(eventually(all_came));
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(poll(queue.poller), Numbers());
}

TEST(Threads, plain_data_is_visible_with_its_token) {
    constexpr std::size_t capacity = 8000;
    expect_plain_data(event_queue(capacity));
    expect_plain_data(event_queue(capacity, lanes));
}

/// Data behind a lock: the last write before any call is visible.
TEST(Threads, locked_data_is_visible_with_its_token) {
    auto [notifier, poller] = event_queue(1);
    std::mutex mutex;
    int locked = 0;
    constexpr int last = 20'000;
    std::thread writer([&, own = notifier] {
        for (int i = 1; i <= last; ++i) {
            {
                const std::lock_guard lock(mutex);
                locked = i;
            }
            EXPECT_FALSE(own.notify(Token{0}));
        }
    });
    int seen = 0;
    EXPECT_TRUE(eventually([&, &consumer = poller] {
        if (!poll(consumer).empty()) {
            const std::lock_guard lock(mutex);
            seen = locked;
        }
        return seen == last;
    }));
    writer.join();
}

/// Four threads change 50 words at random and notify their tokens; in the end the last value of each was seen, no
/// poll() returned a token twice, and no token was returned more often than notified.
void expect_nothing_lost(auto queue, std::size_t limit) {
    constexpr std::size_t thread_count = 4, words = 50;
    struct Word {
        std::atomic<int> value = 0, notified = 0;
        int seen = 0, delivered = 0;
    };
    std::array<Word, words> all;
    std::atomic<std::size_t> at_work = thread_count;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < thread_count; ++i) {
        threads.emplace_back(
            [&all, &at_work, random = static_cast<std::uint32_t>(i + 1), own = queue.notifier]() mutable {
                Rounds rounds(100'000, 1s);
                while (rounds.next() != 0) {
                    random = random * 1664525 + 1013904223;
                    // Few words at a time, so that threads meet; all in the end.
                    const std::size_t number = (random >> 28U) % 4 + (random >> 20U) % (words / 4) * 4;
                    auto& word = all.at(number % words);
                    word.value.fetch_add(1, relaxed);
                    word.notified.fetch_add(1, relaxed);
                    EXPECT_FALSE(own.notify(Token{number % words}));
                }
                at_work.fetch_sub(1);
            });
    }
    for (bool quiet = false; !quiet;) {
        const bool all_done = at_work.load() == 0; // before the poll
        auto some = poll(queue.poller, limit);
        for (const auto number : some) {
            all.at(number).seen = all.at(number).value.load(relaxed);
            ++all.at(number).delivered;
        }
        quiet = all_done && some.empty();
        std::sort(some.begin(), some.end());
        EXPECT_EQ(std::adjacent_find(some.begin(), some.end()), some.end()) << "twice in one poll()";
        EXPECT_LE(some.size(), limit);
        if (some.empty()) std::this_thread::yield();
    }
    for (auto& thread : threads) thread.join();
    for (const auto& word : all) {
        EXPECT_EQ(word.seen, word.value) << "lost";
        EXPECT_LE(word.delivered, word.notified);
    }
}

TEST(Threads, many_producers_lose_nothing) {
    for (const std::size_t limit : {std::size_t{1}, std::size_t{7}, no_limit}) {
        expect_nothing_lost(event_queue(50), limit);
        expect_nothing_lost(event_queue(50, lanes), limit);
    }
}

} // namespace
} // namespace pollux::notify::tests
