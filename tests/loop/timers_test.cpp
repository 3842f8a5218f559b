// SPDX-License-Identifier: BSL-1.0
// Tests of the timers of a Loop, in simulated time. The wheel has tests of its own.
#include "simulated.hpp"

#include <algorithm>
#include <limits>

namespace pollux::loop::tests {
namespace {

using std::chrono::nanoseconds;

// Timers of one turn are called in the order of their deadlines, and timers with equal deadlines in the order in which
// they were set.
RULE(timer, order) {
    Simulated simulated;
    auto& loop = simulated.loop;
    std::vector<int> seen;
    std::vector<Timer> timers;
    const auto now = loop.now();
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
    Simulated simulated;
    constexpr auto period = 10ms;
    std::uint64_t periods = 0;
    int calls = 0;
    Timer timer = simulated.loop.every(period, [&] {
        periods += 1 + timer.missed();
        // Late only by the callback before, when that took longer than a period: then the grid has not moved.
        const bool is_late = calls % 10 == 4;
        EXPECT_EQ(simulated.now(), periods * period + (is_late ? 3ms : 0ms)) << calls;
        EXPECT_EQ(timer.missed(), is_late ? 1U : 0U) << calls;
        simulated.advance(calls % 10 == 3 ? 23ms : 6ms);
        if (++calls == 100) timer.close();
    });
    EXPECT_FALSE(simulated.loop.run());
    EXPECT_EQ(calls, 100);
    EXPECT_EQ(periods, 110U);
}

// A repeating timer skips and counts the periods that passed before its callback could run.
RULE(timer, missed) {
    Simulated simulated;
    auto& loop = simulated.loop;
    std::vector<std::uint64_t> missed;
    std::vector<nanoseconds> times;
    Timer timer = loop.every(10ms, [&] {
        missed.push_back(timer.missed());
        times.push_back(simulated.now());
        if (missed.size() == 1) simulated.advance(35ms); // on a grid of 10: three periods end before the next turn
        if (missed.size() == 3) timer.close();
    });
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(missed, (std::vector<std::uint64_t>{0, 2, 0}));
    EXPECT_EQ(times, (std::vector<nanoseconds>{10ms, 45ms, 50ms}));
    auto other = loop.after(0ns, [] {});
    EXPECT_EQ(other.missed(), 0U);
}

// A timer can be set again in its own callback and before it fires, to an earlier or later time, by duration or by
// time; it fires once for the last setting.
RULE(timer, rearm) {
    Simulated simulated;
    auto& loop = simulated.loop;
    std::vector<nanoseconds> calls, others;
    Timer again = loop.after(0ns, [&] {
        EXPECT_FALSE(again.is_pending());
        calls.push_back(simulated.now());
        if (calls.size() < 5) again.rearm(1ms);
        EXPECT_EQ(again.is_pending(), calls.size() < 5);
    });
    const auto note = [&] { others.push_back(simulated.now()); };
    auto sooner = loop.after(1h, note);
    sooner.rearm(2ms);
    auto earlier = loop.at(loop.now() + 1h, note);
    earlier.rearm(loop.now());
    auto later = loop.after(0ns, note);
    later.rearm(5ms);
    auto cancelled = loop.after(0ns, [] { ADD_FAILURE() << "cancelled"; });
    cancelled.cancel();
    EXPECT_EQ(loop.metrics().timers, 4U);
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(calls, (std::vector<nanoseconds>{0ms, 1ms, 2ms, 3ms, 4ms}));
    EXPECT_EQ(others, (std::vector<nanoseconds>{0ms, 2ms, 5ms}));
    cancelled.rearm(-1s);
    cancelled.cancel();
    cancelled.rearm(nanoseconds::max());
    EXPECT_TRUE(loop.run_for(1ms));
    cancelled.rearm(Clock::time_point::max());
    EXPECT_TRUE(loop.run_for(1ms));
    EXPECT_EQ(simulated.now(), 7ms);
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
        Simulated simulated;
        auto& loop = simulated.loop;
        auto far = loop.after(1h, [] {});
        std::optional<nanoseconds> called;
        Timer timer;
        nanoseconds due{0};
        for (int turn = 0; turn < 10'000 && !called; ++turn) {
            // When the far deadline has been compared.
            if (turn == 10) {
                due = simulated.now() + wait;
                timer = loop.at(simulated.begun + due, [&] { called = simulated.now(); });
            }
            EXPECT_FALSE(loop.post([&] { simulated.advance(100us); }));
            EXPECT_TRUE(loop.run_one());
        }
        EXPECT_EQ(called, due);
        EXPECT_EQ(simulated.simulation->sleeps, 0U);
    }
}

// Beside a far timer, which the Loop takes for the next one.
TEST(Timers, in_great_number) {
    Simulated simulated;
    auto& loop = simulated.loop;
    constexpr int count = 20000;
    std::vector<Timer> timers;
    int fired = 0;
    nanoseconds before{0};
    for (int i = 0; i < count; ++i) {
        const nanoseconds wait((i * 7919LL % count) * 1000);
        const auto called = [&, wait] {
            EXPECT_EQ(simulated.now(), wait);
            ++fired;
            EXPECT_GE(wait, before);
            before = wait;
        };
        timers.push_back(i % 4 == 1 ? loop.after(wait, called) : loop.at(simulated.begun + wait, called));
    }
    for (int i = 0; i < count; i += 2) timers[static_cast<std::size_t>(i)].close();
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(fired, count / 2);
}

} // namespace
} // namespace pollux::loop::tests
