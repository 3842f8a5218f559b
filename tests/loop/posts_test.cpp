// SPDX-License-Identifier: BSL-1.0
// Tests of post() and KeepAlive.
#include "loop_test.hpp"

#include <pollux/notify/token_queue.hpp>

#include <array>
#include <atomic>
#include <optional>
#include <thread>

namespace pollux::loop::tests {
namespace {

// Functions that four threads post to a Loop that sleeps in between are each called once, in the Loop's thread, in the
// order of their thread, and see what their thread wrote.
RULE(post, order) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        const Asleep asleep(loop);
        constexpr int posts = 300;
        std::array<int, 4> next{};
        std::vector<std::thread> threads;
        const auto own = std::this_thread::get_id();
        for (std::size_t i = 0; i < next.size(); ++i) {
            threads.emplace_back([&, i, poster = loop.poster(), keep_alive = loop.keep_alive()] {
                for (int number = 0; number < posts; ++number) {
                    auto value = std::make_shared<int>(number); // not atomic: post() makes it visible
                    EXPECT_FALSE(poster.post([&, i, value] {
                        EXPECT_EQ(*value, next[i]++);
                        EXPECT_EQ(std::this_thread::get_id(), own);
                    }));
                    if (number % 50 == 0) asleep.wait();
                }
            });
        }
        EXPECT_FALSE(loop.run()) << "all holds are released";
        for (const int count : next) EXPECT_EQ(count, posts);
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(loop.metrics().callbacks.posted, 4U * posts);
    }
}

// Any number of posts of other threads cause one wake; posts of the Loop's own callbacks cause none.
RULE(post, one_wake) {
    Scripted scripted;
    auto& loop = scripted.loop;
    int calls = 0;
    for (int round = 1; round < 4; ++round) {
        for (int i = 0; i < 10; ++i) EXPECT_FALSE(loop.post([&] { ++calls; }));
        EXPECT_EQ(scripted.record->wakes, round);
        EXPECT_FALSE(loop.post([&] {
            for (int i = 0; i < 10; ++i) EXPECT_FALSE(loop.post([&] { ++calls; }));
        }));
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(scripted.record->wakes, round);
        EXPECT_EQ(calls, 20 * round);
    }
    EXPECT_EQ(scripted.sleeps(), 0U);
    // A failed wake is reported, and the next post wakes again.
    scripted.record->wake_error = make_error_code(std::errc::not_enough_memory);
    EXPECT_EQ(loop.post([&] { ++calls; }), scripted.record->wake_error);
    EXPECT_EQ(loop.post([&] { ++calls; }), scripted.record->wake_error);
    scripted.record->wake_error.clear();
    EXPECT_FALSE(loop.post([&] { ++calls; }));
    EXPECT_EQ(scripted.record->wakes, 6);
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(calls, 63);
}

// Posters and KeepAlives may outlive the Loop: functions that are still queued are destroyed without a call, and post()
// returns operation_canceled.
RULE(post, loop_gone) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        std::optional<Loop> loop(std::in_place, request(backend));
        const auto poster = loop->poster();
        auto keep_alive = loop->keep_alive();
        const auto owned = std::make_shared<int>(1);
        EXPECT_FALSE(poster.post([owned] { ADD_FAILURE() << "not called"; }));
        // Posts when the function that owns it is destroyed.
        struct PostOnDestruction {
            explicit PostOnDestruction(const Poster& to) : poster(to) {}
            ~PostOnDestruction() {
                EXPECT_EQ(poster.post([] {}), canceled);
            }
            Poster poster;
        };
        EXPECT_FALSE(poster.post([last = std::make_shared<PostOnDestruction>(poster)] {}));
        std::atomic<bool> over = false;
        std::thread other([&, copy = poster] {
            while (!over) static_cast<void>(copy.wake());
        });
        loop.reset();
        EXPECT_EQ(owned.use_count(), 1);
        EXPECT_EQ(poster.post([owned] {}), canceled);
        EXPECT_EQ(owned.use_count(), 1);
        EXPECT_EQ(poster.wake(), canceled);
        const auto late = poster.keep_alive();
        EXPECT_FALSE(keep_alive.close());
        over = true;
        other.join();
    }
}

// A KeepAlive keeps run() waiting for posts; when the last KeepAlive is closed, by any thread, run() returns.
RULE(loop, keep_alive) {
    Scripted scripted;
    auto first = scripted.loop.keep_alive(), last = scripted.loop.keep_alive();
    EXPECT_FALSE(first.close());
    EXPECT_EQ(scripted.record->wakes, 0);
    EXPECT_FALSE(last.close());
    EXPECT_EQ(scripted.record->wakes, 1) << "it may sleep, with nothing to wait for any more";
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        for (const bool when_asleep : {false, false, true}) {
            Loop loop(request(backend));
            const Watchdog watchdog(loop);
            const Asleep asleep(loop);
            std::atomic<int> calls = 0;
            std::thread other([&, poster = loop.poster(), keep_alive = loop.keep_alive()]() mutable {
                if (when_asleep) asleep.wait();
                KeepAlive second = std::move(keep_alive);
                EXPECT_FALSE(poster.post([&] { ++calls; }));
                keep_alive = poster.keep_alive();
                EXPECT_FALSE(second.close());
                EXPECT_FALSE(second.close());
                EXPECT_FALSE(poster.post([&] { ++calls; }));
                const auto end = Clock::now() + patience;
                while (calls < 2 && Clock::now() < end) std::this_thread::yield();
                if (when_asleep) asleep.wait();
                keep_alive = KeepAlive();
            });
            EXPECT_FALSE(loop.run());
            EXPECT_EQ(calls, 2);
            other.join();
        }
    }
}

TEST(Post, of_a_thread_that_waits_for_each_call) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        std::atomic<int> seen = 0;
        std::thread other([&, poster = loop.poster(), keep_alive = loop.keep_alive()] {
            for (int round = 1; round <= 1000; ++round) {
                EXPECT_FALSE(poster.post([&, round] { seen = round; }));
                const auto end = Clock::now() + patience;
                while (seen != round && Clock::now() < end) std::this_thread::yield();
            }
        });
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(seen, 1000);
        other.join();
    }
}

// Each wake calls the wake watchers, so that an event_queue() that is bound to the Loop is polled in its turns, within
// the budget, beside all other work.
RULE(on_wake, called) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        constexpr std::size_t count = 1000;
        auto queue = notify::event_queue(count, loop.poster());
        notify::Tokens tokens;
        std::size_t next = 0, most = 0;
        std::uint64_t turn = 0;
        WakeWatcher wakes = loop.on_wake([&] {
            EXPECT_NE(std::exchange(turn, loop.metrics().turns), loop.metrics().turns) << "once a turn";
            most = std::max(most, queue.poller.poll(tokens, 64));
            for (const auto token : tokens) EXPECT_EQ(token, Token{next++});
            if (next == count) wakes.close();
        });
        std::thread other([&, notifier = queue.notifier] {
            for (std::size_t i = 0; i < count; ++i) EXPECT_FALSE(notifier.notify(Token{i}));
        });
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(next, count);
        EXPECT_LE(most, 64U);
        other.join();
    }
}

} // namespace
} // namespace pollux::loop::tests
