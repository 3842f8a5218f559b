// SPDX-License-Identifier: BSL-1.0
// Tests of timers in real time, on every backend of the system.
#include "loop_test.hpp"

#include <cstdint>
#include <vector>

namespace pollux::loop::tests {
namespace {

using std::chrono::nanoseconds;

/// Keeps the processor.
void busy(nanoseconds time) {
    for (const auto begin = Clock::now(); Clock::now() - begin < time;) {}
}

// A timer is never early, whether set by duration or by time, even if callbacks before or after it take long.
RULE(timer, never_early) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        int fired = 0;
        std::vector<Timer> timers;
        for (int i = 0; i < 50; ++i) {
            const auto wait = i * 100us;
            EXPECT_FALSE(loop.post([&, wait] {
                const auto begin = Clock::now();
                timers.push_back(loop.after(wait, [&, begin, wait] {
                    ++fired;
                    EXPECT_GE(Clock::now() - begin, wait);
                    busy(50us);
                }));
                busy(100us);
                const auto end = Clock::now() + wait;
                timers.push_back(loop.at(end, [&, end] {
                    ++fired;
                    EXPECT_GE(Clock::now(), end);
                }));
            }));
        }
        EXPECT_FALSE(loop.post([&] { // long after the turn has begun
            busy(40ms);
            const auto begin = Clock::now();
            timers.push_back(loop.after(30ms, [&, begin] {
                ++fired;
                EXPECT_GE(Clock::now() - begin, 30ms);
            }));
        }));
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(fired, 101);
    }
}

TEST(TimersInRealTime, keep_their_grid) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        constexpr auto period = 2ms;
        constexpr int enough = 100, most = 2000;
        std::uint64_t periods = 0;
        int calls = 0;
        bool on_the_grid = false;
        Clock::time_point first;
        Timer timer = loop.every(period, [&] {
            const auto now = Clock::now();
            periods += timer.missed() + (calls == 0 ? 0 : 1); // up to this call, since the first one
            if (calls++ == 0) first = now - periods * period; // no earlier than its deadline
            // A thread that was suspended is late in this call. If the next deadline were counted from the call, the
            // lateness would accumulate.
            on_the_grid = (now - first) / period <= static_cast<std::int64_t>(periods) + 1;
            busy(1500us);
            if ((calls >= enough && on_the_grid) || calls == most) timer.close();
        });
        const auto begin = Clock::now();
        EXPECT_FALSE(loop.run());
        EXPECT_TRUE(on_the_grid) << "after " << calls << " calls and " << periods << " periods";
        EXPECT_GE(Clock::now() - begin, period * (periods + 1)) << "never early";
    }
}

TEST(TimersInRealTime, are_set_again) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        int calls = 0;
        Timer again = loop.after(0ns, [&] {
            EXPECT_FALSE(again.is_pending());
            if (++calls < 5) again.rearm(1ms);
            EXPECT_EQ(again.is_pending(), calls < 5);
        });
        int others = 0;
        auto sooner = loop.after(1h, [&] { ++others; });
        sooner.rearm(1ms);
        auto earlier = loop.at(Clock::now() + 1h, [&] { ++others; });
        earlier.rearm(Clock::now());
        Clock::time_point until;
        auto later = loop.after(0ns, [&] {
            ++others;
            EXPECT_GE(Clock::now(), until);
        });
        until = Clock::now() + 5ms;
        later.rearm(5ms);
        auto cancelled = loop.after(0ns, [] { ADD_FAILURE() << "cancelled"; });
        cancelled.cancel();
        EXPECT_EQ(loop.metrics().timers, 4U);
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(calls, 5);
        EXPECT_EQ(others, 3);
        cancelled.rearm(-1s);
        cancelled.cancel();
        cancelled.rearm(nanoseconds::max());
        EXPECT_TRUE(loop.run_for(1ms));
        cancelled.rearm(Clock::time_point::max());
        EXPECT_TRUE(loop.run_for(1ms));
    }
}

TEST(TimersInRealTime, set_before_a_sleep) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        auto far = loop.after(1h, [] {});
        loop.run_for(0ns);
        Timer near;
        bool called = false;
        const auto set = [&] {
            near = loop.after(1ms, [&] {
                called = true;
                EXPECT_FALSE(loop.stop());
            });
        };
        EXPECT_FALSE(loop.post([&] { EXPECT_FALSE(loop.post(set)); })); // in the turn after that of the first post
        EXPECT_TRUE(loop.run());
        EXPECT_TRUE(called);
    }
}

} // namespace
} // namespace pollux::loop::tests
