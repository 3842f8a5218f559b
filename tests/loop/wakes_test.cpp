// SPDX-License-Identifier: BSL-1.0
// Tests of failing wakes: each caller gets the error, and its request is not lost.
#include "loop_test.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <thread>

namespace pollux::loop::tests {
namespace {

const auto no_memory = make_error_code(std::errc::not_enough_memory);

/// A Selector that sleeps until a wake succeeds; the test selects the wakes that fail.
class Sleeper final : public Selector, private Registrator {
  public:
    explicit Sleeper(std::function<bool()> fails) : fails_(std::move(fails)) {}
    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return offers_all; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        error.clear();
        std::unique_lock lock(mutex_);
        const auto is_woken = [this] { return woken_; };
        const auto limit = std::min(timeout.value_or(patience), patience);
        if (!changed_.wait_for(lock, limit, is_woken) && !timeout) {
            // It would sleep for ever: the test has failed, and must not hang.
            error = make_error_code(std::errc::resource_deadlock_would_occur);
        }
        if (!std::exchange(woken_, false)) return {};
        buffer[0] = {wake_token, Ready::none};
        return buffer.first(1);
    }

  private:
    std::error_code add(Source, const Watch&) noexcept override { return {}; }
    std::error_code modify(Source, const Watch&) noexcept override { return {}; }
    std::error_code remove(Source) noexcept override { return {}; }
    std::error_code wake() noexcept override {
        if (fails_()) return no_memory;
        const std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_all();
        return {};
    }

    std::function<bool()> fails_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
};

// A post() while another thread's wake is being made, and then fails, makes a wake of its own, so that both functions
// are called.
RULE(post, wake_fails) {
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> wakes = 0, other_posted = 0;
        Loop loop(std::make_unique<Sleeper>([&] {
            if (wakes++ != 0) return false;
            const auto end = Clock::now() + patience;
            while (other_posted == 0 && Clock::now() < end) std::this_thread::yield();
            return true;
        }));
        int calls = 0;
        std::atomic<bool> failure_was_reported = false;
        const auto function = [&] {
            if (++calls == 2) static_cast<void>(loop.stop());
        };
        auto keeps = loop.keep_alive();
        std::thread first([&, poster = loop.poster()] { failure_was_reported = poster.post(function) == no_memory; });
        while (wakes == 0) std::this_thread::yield();
        std::thread second([&, poster = loop.poster()] {
            const auto error = poster.post(function);
            other_posted = 1;
            EXPECT_FALSE(error);
        });
        EXPECT_TRUE(loop.run());
        first.join();
        second.join();
        EXPECT_TRUE(failure_was_reported);
        EXPECT_EQ(calls, 2);
        EXPECT_GE(wakes, 2);
    }
}

// Three threads post, and every third wake fails. Each function whose post() succeeded has been called when the Loop is
// idle; a thread whose post() failed posts nothing else.
TEST(Post, that_succeeded_is_called_whatever_wakes_fail) {
    std::atomic<unsigned> wakes = 0;
    Loop loop(std::make_unique<Sleeper>([&] { return wakes++ % 3 == 1; }));
    std::vector<std::thread> threads;
    std::atomic<int> lost = 0;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&, poster = loop.poster(), keep_alive = loop.keep_alive()]() mutable {
            for (int k = 0; k < 2000; ++k) {
                std::atomic<bool> called = false;
                // A function whose post() failed is called after the next wake of any thread.
                if (poster.post([&] { called = true; })) {
                    while (poster.wake()) {}
                }
                const auto end = Clock::now() + patience;
                while (!called && Clock::now() < end) std::this_thread::yield();
                if (!called) ++lost;
                if (lost != 0) break;
            }
            while (keep_alive.close()) {}
        });
    }
    EXPECT_FALSE(loop.run());
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(lost, 0);
}

// A close() whose wake fails still keeps run() from returning and can be repeated; the destructor tries three times.
RULE(post, close_again) {
    int wakes = 0, fail_until = 1;
    Loop loop(std::make_unique<Sleeper>([&] { return ++wakes <= fail_until; }));
    auto keep_alive = loop.keep_alive();
    EXPECT_EQ(keep_alive.close(), no_memory);
    EXPECT_TRUE(loop.run_for(0ns)) << "it is still held";
    EXPECT_FALSE(keep_alive.close());
    EXPECT_FALSE(keep_alive.close());
    EXPECT_EQ(wakes, 2);
    EXPECT_FALSE(loop.run());
    fail_until = 4;
    { const auto scoped = loop.keep_alive(); }
    EXPECT_EQ(wakes, 5);
    fail_until = 100;
    { const auto scoped = loop.keep_alive(); }
    EXPECT_EQ(wakes, 8);
    EXPECT_FALSE(loop.run());
}

// stop() returns the error of a failed wake, and the next stop() wakes the Loop again.
RULE(loop, stop_again) {
    std::atomic<int> wakes = 0;
    Loop loop(std::make_unique<Sleeper>([&] { return ++wakes < 3; }));
    const auto keep_alive = loop.keep_alive();
    std::thread other([&] {
        EXPECT_EQ(loop.stop(), no_memory);
        EXPECT_EQ(loop.stop(), no_memory);
        EXPECT_FALSE(loop.stop());
    });
    EXPECT_TRUE(loop.run());
    other.join();
    EXPECT_EQ(wakes, 3);
    loop.run_for(0ns); // the first stop() may have ended run(), which leaves the last one for this run
    // A signal handler may have interrupted the sleep of its own thread.
    static_cast<void>(loop.defer([&] { EXPECT_FALSE(loop.stop()); }));
    EXPECT_TRUE(loop.run());
    EXPECT_EQ(wakes, 4);
}

// post() refuses a function beyond LoopOptions::posts, from any thread, and leaves it with the caller, until the Loop
// has taken the queued ones.
RULE(post, bounded) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend), {.posts = 3});
        int calls = 0;
        const auto owned = std::make_shared<int>(1);
        for (int round = 1; round <= 2; ++round) {
            for (int i = 0; i < 3; ++i) EXPECT_FALSE(loop.post([&] { ++calls; }));
            Callback<void()> refused = [&, owned] { ++calls; };
            EXPECT_EQ(loop.post(std::move(refused)), std::errc::resource_unavailable_try_again);
            EXPECT_EQ(loop.poster().post([] {}), std::errc::resource_unavailable_try_again);
            ASSERT_TRUE(refused) << "it is left with the caller";
            EXPECT_FALSE(loop.run());
            EXPECT_EQ(calls, 4 * round - 1);
            EXPECT_FALSE(loop.post(std::move(refused)));
            EXPECT_FALSE(loop.run());
            EXPECT_EQ(calls, 4 * round);
            EXPECT_EQ(owned.use_count(), 1);
        }
    }
    EXPECT_THROW(Loop(request(backends().front()), {.posts = 0}), std::invalid_argument);
}

// Each wake of another thread that follows the delivery of the one before is delivered, however many there were.
TEST(Wakes, are_delivered_one_by_one_however_many_there_were) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        constexpr int rounds = 1100; // more than four times what a byte counts, and than a batch has events
        std::atomic<int> delivered = 0;
        auto watcher = loop.on_wake([&] { ++delivered; });
        std::thread other([&, poster = loop.poster()] {
            for (int round = 1; round <= rounds; ++round) {
                EXPECT_FALSE(poster.wake());
                const auto end = Clock::now() + patience;
                while (delivered < round && Clock::now() < end) std::this_thread::yield();
                ASSERT_GE(delivered, round);
            }
        });
        while (delivered < rounds && !testing::Test::HasFailure()) loop.run_one();
        other.join();
        EXPECT_EQ(delivered, rounds);
        EXPECT_EQ(loop.metrics().wakes, std::uint64_t{rounds});
    }
}

} // namespace
} // namespace pollux::loop::tests
