// SPDX-License-Identifier: BSL-1.0
// Tests of the timers of a Loop; the wheel has tests of its own.
#include "loop_test.hpp"

#include <algorithm>
#include <limits>

namespace pollux::loop::tests {
namespace {

using std::chrono::nanoseconds;

// A timer is never early, whether set by duration or by time, even if callbacks before or after it take long.
RULE(timer, never_early) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        int fired = 0;
        std::vector<Timer> timers;
        const auto busy = [](nanoseconds time) {
            for (const auto begin = Clock::now(); Clock::now() - begin < time;) {}
        };
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

// Timers of one turn are called in the order of their deadlines, and timers with equal deadlines in the order in which
// they were set.
RULE(timer, order) {
    Scripted scripted;
    auto& loop = scripted.loop;
    std::vector<int> seen;
    std::vector<Timer> timers;
    const auto now = Clock::now();
    const std::vector offsets{5, 3, 3, 9, 1, 7, 1, 3}; // all in the past when the turn begins
    for (std::size_t i = 0; i < offsets.size(); ++i) {
        const int offset = offsets[i];
        timers.push_back(loop.at(now - 1s + std::chrono::nanoseconds(offset),
                                 [&, offset, i] { seen.push_back(100 * offset + static_cast<int>(i)); }));
    }
    for (int i = 0; i < 3; ++i) timers.push_back(loop.after(0ns, [&, i] { seen.push_back(10000 + i); }));
    timers[0].rearm(now - 1s + 3ns); // now after those with the same deadline
    EXPECT_FALSE(loop.run());
    auto expected = std::vector{104, 106, 301, 302, 307, 500, 705, 903, 10000, 10001, 10002};
    EXPECT_EQ(seen, expected);
}

// every() keeps its grid: the n-th call is never before n periods, and a late call does not delay the following ones.
RULE(timer, no_drift) {
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
            // Counted on the grid, with the periods that the first call missed.
            periods += timer.missed() + (calls == 0 ? 0 : 1);
            if (calls++ == 0) first = now - periods * period; // no earlier than its deadline
            // A thread that was suspended is late in this call. If the next deadline were counted from the call, the
            // lateness would accumulate.
            on_the_grid = (now - first) / period <= static_cast<std::int64_t>(periods) + 1;
            for (const auto begin = Clock::now(); Clock::now() - begin < 1500us;) {}
            if ((calls >= enough && on_the_grid) || calls == most) timer.close();
        });
        const auto begin = Clock::now();
        EXPECT_FALSE(loop.run());
        EXPECT_TRUE(on_the_grid) << "after " << calls << " calls and " << periods << " periods";
        EXPECT_GE(Clock::now() - begin, period * (periods + 1)) << "never early";
    }
}

// A repeating timer skips and counts the periods that passed before its callback could run.
RULE(timer, missed) {
    Scripted scripted;
    auto& loop = scripted.loop;
    std::vector<std::uint64_t> missed;
    Timer timer = loop.every(10ms, [&] {
        missed.push_back(timer.missed());
        if (missed.size() == 1) { // 35 ms on a grid of 10: three periods pass before the next turn
            for (const auto begin = Clock::now(); Clock::now() - begin < 35ms;) {}
        }
        if (missed.size() == 2) timer.close();
    });
    EXPECT_FALSE(loop.run());
    ASSERT_EQ(missed.size(), 2U);
    EXPECT_GE(missed[1], 2U);
    auto other = loop.after(0ns, [] {});
    EXPECT_EQ(other.missed(), 0U);
}

// A timer can be set again in its own callback and before it fires, to an earlier or later time, by duration or by
// time; it fires once for the last setting.
RULE(timer, rearm) {
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

TEST(Timers, that_are_due_cancel_and_set_each_other) {
    Scripted scripted;
    auto& loop = scripted.loop;
    Names seen;
    std::vector<Timer> timers(4);
    timers[0] = loop.at({}, [&] {
        seen.emplace_back("first");
        timers[1].cancel();
        timers[2].rearm(0ns);
    });
    timers[1] = loop.at({}, [&] { ADD_FAILURE() << "cancelled"; });
    timers[2] = loop.at({}, [&] { seen.emplace_back("third"); });
    timers[3] = loop.at({}, [&] { seen.emplace_back("fourth"); });
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(seen, (Names{"first", "fourth", "third"}));
}

TEST(Timers, of_every_are_set_again) {
    Scripted scripted;
    auto& loop = scripted.loop;
    int calls = 0;
    Timer timer = loop.every(1h, [&] {
        if (++calls == 3) return timer.cancel();
        EXPECT_TRUE(timer.is_pending());
        timer.rearm(0ns);
    });
    timer.rearm(0ns);
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(calls, 3);
    timer.rearm(0ns);
    loop.run_for(0ns);
    EXPECT_EQ(calls, 4);
    EXPECT_TRUE(timer.is_pending()) << "an hour from then";
}

// Far deadlines are not compared in each turn, since a turn may cost less than reading the clock.
TEST(Timers, are_called_while_the_loop_does_not_sleep) {
    for (const auto wait : {nanoseconds(1ms), nanoseconds(150ms)}) {
        SCOPED_TRACE(wait.count());
        Loop loop(request(backends().front()));
        constexpr int many = 2'000'000; // turns, which take longer than the delay
        auto far = loop.after(1h, [] {});
        bool called = false;
        Timer timer;
        for (int turn = 0; turn < many && !called; ++turn) {
            // When the far deadline has been compared.
            if (turn == 10) timer = loop.at(Clock::now() + wait, [&] { called = true; });
            EXPECT_FALSE(loop.post([] {}));
            EXPECT_TRUE(loop.run_one());
        }
        EXPECT_TRUE(called);
    }
}

// Beside a far timer, which the Loop takes for the next one.
TEST(Timers, set_before_a_sleep) {
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

TEST(Timers, in_great_number) {
    Scripted scripted;
    auto& loop = scripted.loop;
    constexpr int count = 20000;
    const auto start = Clock::now();
    std::vector<Timer> timers;
    int fired = 0;
    nanoseconds before{0};
    for (int i = 0; i < count; ++i) {
        const nanoseconds wait((i * 7919LL % count) * 1000);
        const bool is_duration = i % 4 == 1; // a duration starts some time after `now`
        const auto called = [&, wait, is_duration] {
            EXPECT_GE(Clock::now() - start, wait);
            ++fired;
            if (is_duration) return;
            EXPECT_GE(wait, before);
            before = wait;
        };
        timers.push_back(is_duration ? loop.after(wait, called) : loop.at(start + wait, called));
    }
    for (int i = 0; i < count; i += 2) timers[static_cast<std::size_t>(i)].close();
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(fired, count / 2);
}

} // namespace
} // namespace pollux::loop::tests
