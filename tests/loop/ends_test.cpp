// SPDX-License-Identifier: BSL-1.0
// Tests of the return of run(), run_one() and run_for().
#include "loop_test.hpp"

#include <thread>

namespace pollux::loop::tests {
namespace {

// run() returns when no watch, timer, signal or wake can call back, no function is posted or deferred, and no KeepAlive
// exists.
RULE(loop, ends) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        EXPECT_FALSE(loop.run()) << "nothing is pending";
        const Pipe pipe;
        Names seen;
        Watcher watcher = loop.watch(pipe.reader(), Ready::readable, Mode::level, [&](Ready) {
            seen.emplace_back("watch");
            watcher.close();
        });
        auto paused = loop.watch(pipe.writer(), Ready::none, Mode::level, [](Ready) {});
        auto timer = loop.after(2ms, [&] {
            seen.emplace_back("timer");
            pipe.write();
        });
        auto cancelled = loop.after(1h, [] {});
        cancelled.cancel();
        EXPECT_FALSE(loop.post([&] { seen.emplace_back("posted"); }));
        EXPECT_FALSE(loop.defer([&] { seen.emplace_back("deferred"); }));
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(seen, (Names{"posted", "deferred", "timer", "watch"}));
        EXPECT_FALSE(loop.run());

        WakeWatcher wakes = loop.on_wake([&] { wakes.close(); });
        static_cast<void>(loop.post([&] { EXPECT_FALSE(loop.poster().wake()); }));
        EXPECT_FALSE(loop.run());
    }
}

// A watch, timer or signal in the background is called back but does not keep run() from returning, until it leaves the
// background.
RULE(loop, background) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        int calls = 0;
        auto timer = loop.every(1ms, [&] { ++calls; });
        timer.in_background();
        const Pipe pipe;
        auto watcher = loop.watch(pipe.reader(), Ready::readable, Mode::level, [](Ready) {});
        watcher.in_background();
        auto wakes = loop.on_wake([] {});
        wakes.in_background();
        EXPECT_FALSE(loop.run());
        auto kept = loop.after(20ms, [] {});
        EXPECT_FALSE(loop.run());
        EXPECT_GE(calls, 1);
        timer.in_background(false);
        timer.in_background(false);
        EXPECT_TRUE(loop.run_for(0ns)) << "kept by the timer";
        timer.rearm(1ms);
        timer.in_background();
        EXPECT_FALSE(loop.run());
    }
}

// stop() ends run() at the end of its turn, from the same or another thread, even if the Loop sleeps; called before
// run() it ends the next run(), and that one only.
RULE(loop, stop) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        auto timer = loop.after(1h, [] {});
        Names seen;
        static_cast<void>(loop.post([&] {
            EXPECT_FALSE(loop.stop());
            seen.emplace_back("posted");
        }));
        EXPECT_FALSE(loop.defer([&] { seen.emplace_back("deferred"); }));
        EXPECT_TRUE(loop.run()) << "the timer is pending";
        EXPECT_EQ(seen, (Names{"posted", "deferred"})) << "the turn continues to its end";

        EXPECT_FALSE(loop.stop());
        EXPECT_FALSE(loop.post([&] { seen.emplace_back("next"); }));
        EXPECT_TRUE(loop.run());
        EXPECT_EQ(seen.size(), 2U);
        EXPECT_FALSE(loop.run_for(0ns) && seen.size() != 3U);

        for (const bool when_asleep : {false, true}) {
            const Asleep asleep(loop);
            std::thread other([&] {
                when_asleep ? asleep.wait() : asleep.wait_for_turn();
                EXPECT_FALSE(loop.stop());
            });
            EXPECT_TRUE(loop.run());
            other.join();
        }
    }
}

// run_one() runs turns until one has called a callback, does not sleep in that turn, and returns whether a callback was
// called.
RULE(loop, run_one) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        EXPECT_FALSE(loop.run_one());
        int calls = 0;
        auto late = loop.after(5ms, [&] { ++calls; });
        auto later = loop.after(10ms, [&] { ++calls; });
        static_cast<void>(loop.poster().wake()); // a turn without a callback does not count
        EXPECT_TRUE(loop.run_one());
        EXPECT_GE(calls, 1);
        while (calls < 2) EXPECT_TRUE(loop.run_one());
        EXPECT_FALSE(loop.run_one());
        auto far = loop.after(1h, [] {});
        EXPECT_FALSE(loop.stop());
        EXPECT_FALSE(loop.run_one());

        // Called before the phase that may sleep.
        bool has_slept = false;
        auto end_of_sleep = loop.after(patience, [&] { has_slept = true; });
        const auto near = loop.after(0ns, [&] { ++calls; });
        EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(calls, 3);
        EXPECT_FALSE(loop.post([&] { ++calls; }));
        EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(calls, 4);
        EXPECT_FALSE(has_slept);
        end_of_sleep.rearm(5ms);
        EXPECT_TRUE(loop.run_one());
        EXPECT_TRUE(has_slept);
    }
}

// run_for() never returns early unless nothing is pending, and returns even if work is left; with zero it polls without
// sleeping.
RULE(loop, run_for) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        auto begin = Clock::now();
        EXPECT_FALSE(loop.run_for(1h)) << "nothing is pending";
        auto far = loop.after(1h, [] {});
        for (const auto time : {1ms, 20ms}) {
            begin = Clock::now();
            EXPECT_TRUE(loop.run_for(time));
            EXPECT_GE(Clock::now() - begin, time);
        }
        EXPECT_LT(Clock::now() - begin, patience);
        const Pipe pipe;
        pipe.write();
        int calls = 0;
        auto watcher = loop.watch(pipe.reader(), Ready::readable, Mode::level, [&](Ready) { ++calls; });
        EXPECT_TRUE(loop.run_for(0ns));
        EXPECT_EQ(calls, 1);
        EXPECT_TRUE(loop.run_for(-1s));
        EXPECT_EQ(calls, 2);
        watcher.close();
        far.close();
        begin = Clock::now();
        auto near = loop.after(2ms, [] {});
        EXPECT_FALSE(loop.run_for(std::chrono::nanoseconds::max())) << "ended by itself";
        EXPECT_GE(Clock::now() - begin, 2ms);
        EXPECT_EQ(loop.metrics().timers, 0U);
    }
}

TEST(Run, inside_of_run_is_refused) {
    Scripted scripted;
    auto& loop = scripted.loop;
    int refused = 0;
    static_cast<void>(loop.post([&] {
        EXPECT_THROW(loop.run(), std::logic_error);
        EXPECT_THROW(loop.run_one(), std::logic_error);
        EXPECT_THROW(loop.run_for(0ns), std::logic_error);
        ++refused;
    }));
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(refused, 1);
    EXPECT_FALSE(loop.post([] {}));
    EXPECT_FALSE(loop.run()) << "the Loop is as before";
}

TEST(Run, throws_the_error_of_the_backend) {
    Scripted scripted; // fails instead of sleeping for ever
    auto watcher = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, [](Ready) {});
    try {
        scripted.loop.run();
        ADD_FAILURE() << "no error came";
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::resource_deadlock_would_occur);
    }
}

TEST(Sleep, follows_a_non_blocking_poll_beside_a_timer) {
    Scripted scripted;
    auto& loop = scripted.loop;
    auto far = loop.after(1h, [] {});
    far.in_background();
    int calls = 0;
    Watcher watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready) {
        if (++calls == 3) watcher.close();
    });
    for (int i = 0; i < 3; ++i) scripted.reports({{Source{3}, Ready::readable}});
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(scripted.sleeps(), 0U) << "something was there each time";
    scripted.reports({});
    scripted.reports({{Scripted::wakes, Ready::none}});
    watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [](Ready) {});
    EXPECT_TRUE(loop.run_for(1us));
    const auto& timeouts = scripted.record->timeouts;
    for (const auto timeout : timeouts) {
        ASSERT_TRUE(timeout);
        EXPECT_LE(*timeout, 1h);
    }
}

} // namespace
} // namespace pollux::loop::tests
