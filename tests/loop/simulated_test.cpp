// SPDX-License-Identifier: BSL-1.0
// Tests of a Loop by the clock of its Selector.
#include "simulated.hpp"

#include <array>
#include <optional>
#include <vector>

namespace pollux::loop::tests {
namespace {

using std::chrono::nanoseconds;
using Times = std::vector<nanoseconds>;

// All that a Loop measures follows the clock of its Selector: now(), points in time, durations, periods, the end of
// run_for(), next_deadline() and LoopMetrics; after reopen() the clock of the new Selector.
RULE(loop, clock) {
    Simulated simulated({.measure_time = true});
    auto& loop = simulated.loop;
    EXPECT_EQ(loop.now(), simulated.begun);
    Times seen;
    const auto note = [&] { seen.push_back(simulated.now()); };
    auto at = loop.at(simulated.begun + 5ms + 1ns, note);
    auto after = loop.after(7ms, [&] {
        note();
        simulated.advance(1ms);
    });
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(seen, (Times{5ms + 1ns, 7ms}));
    EXPECT_EQ(simulated.simulation->sleeps, 2U);
    EXPECT_EQ(loop.metrics().asleep, 7ms);
    EXPECT_EQ(loop.metrics().busy, 1ms);
    EXPECT_EQ(loop.metrics().longest_callback, 1ms);

    after.rearm(24h * 365);
    EXPECT_TRUE(loop.run_for(2ms));
    EXPECT_EQ(simulated.now(), 10ms);
    EXPECT_EQ(loop.next_deadline(), simulated.begun + 8ms + 24h * 365);

    const auto next = std::make_shared<harness::Simulation>();
    next->advance(1h);
    EXPECT_FALSE(loop.reopen(std::make_unique<harness::SimulatedSelector>(next)));
    EXPECT_EQ(loop.now(), next->now());
    EXPECT_TRUE(loop.run_for(2ms));
    EXPECT_EQ(next->now() - simulated.begun, 1h + 2ms);
    EXPECT_EQ(simulated.now(), 10ms);
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(next->now(), simulated.begun + 8ms + 24h * 365) << "the point in time that it had";
}

TEST(Simulated, Selector_without_a_clock_leaves_the_steady_one) {
    Simulated simulated;
    simulated.simulation->has_clock = false;
    Loop loop(std::make_unique<harness::SimulatedSelector>(simulated.simulation));
    const auto before = Clock::now();
    const auto seen = loop.now();
    EXPECT_GE(seen, before);
    EXPECT_LE(seen, Clock::now());
}

TEST(Simulated, Selector_reports_a_oneshot_watch_until_it_is_spent) {
    const auto simulation = std::make_shared<harness::Simulation>();
    harness::SimulatedSelector selector(simulation);
    const Watch watch{Token{1}, Ready::readable, Mode::oneshot};
    EXPECT_FALSE(selector.registrator().add(Source{3}, watch));
    for (const auto wait : {1ms, 2ms, 3ms}) simulation->arrives(simulation->now() + wait, Source{3});
    std::array<Event, 4> buffer;
    std::error_code error;
    EXPECT_EQ(selector.select(buffer, 1ms, error).size(), 1U);
    EXPECT_EQ(selector.select(buffer, 1ms, error).size(), 0U) << "it is spent";
    EXPECT_FALSE(selector.registrator().modify(Source{3}, watch));
    EXPECT_EQ(selector.select(buffer, 1ms, error).size(), 1U);
}

TEST(Simulated, periods_are_exact) {
    Simulated simulated;
    Times seen;
    Timer timer = simulated.loop.every(10ms, [&] {
        EXPECT_EQ(timer.missed(), 0U);
        seen.push_back(simulated.now());
        if (seen.size() == 3) timer.close();
    });
    EXPECT_FALSE(simulated.loop.run());
    EXPECT_EQ(seen, (Times{10ms, 20ms, 30ms}));
    EXPECT_EQ(simulated.simulation->sleeps, 3U);
}

// Timers whose deadlines are in one tick of the wheel, few and many, and at one time.
TEST(Simulated, timers_of_a_tick_are_called_at_their_times) {
    for (const int count : {3, 100}) {
        Simulated simulated;
        std::vector<Timer> timers;
        int calls = 0;
        for (int i = count; i > 0; --i) {
            const auto wait = 3h + i / 2 * 3ns;
            timers.push_back(simulated.loop.after(wait, [&, wait] {
                ++calls;
                EXPECT_EQ(simulated.now(), wait);
            }));
        }
        EXPECT_FALSE(simulated.loop.run());
        EXPECT_EQ(calls, count);
    }
}

TEST(Simulated, arrivals_end_sleeps) {
    Simulated simulated;
    auto& loop = simulated.loop;
    Times arrived, fired;
    simulated.simulation->arrives(simulated.begun + 4ms, Source{3});
    simulated.simulation->arrives(simulated.begun + 25ms, Source{3});
    auto watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready) {
        arrived.push_back(simulated.now());
        simulated.advance(7ms); // past the next timer
    });
    watcher.in_background();
    Timer timer = loop.every(10ms, [&] {
        fired.push_back(simulated.now());
        if (fired.size() == 4) timer.close();
    });
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(arrived, (Times{4ms, 25ms}));
    EXPECT_EQ(fired, (Times{11ms, 20ms, 32ms, 40ms}));
}

TEST(Simulated, budgets_of_time_are_exact) {
    Simulated simulated({.time_per_phase = 10ms});
    std::vector<std::uint64_t> turns;
    for (int i = 0; i < 6; ++i) {
        const auto error = simulated.loop.post([&] {
            turns.push_back(simulated.loop.metrics().turns);
            simulated.advance(5ms - 1ns);
        });
        EXPECT_FALSE(error);
    }
    EXPECT_FALSE(simulated.loop.run());
    EXPECT_EQ(turns, (std::vector<std::uint64_t>{1, 1, 1, 2, 2, 2})) << "10 ms are over after the third";
    EXPECT_EQ(simulated.simulation->sleeps, 0U);
}

// A day of a thousand timers with periods of a minute and more.
TEST(Simulated, day_takes_no_time) {
    const auto begun = Clock::now();
    Simulated simulated;
    auto& loop = simulated.loop;
    constexpr std::size_t count = 1000;
    std::vector<Timer> timers(count);
    std::vector<std::int64_t> calls(count);
    const auto period_of = [](std::size_t i) { return 1min + i * 97'003us; };
    for (std::size_t i = 0; i < count; ++i) {
        timers[i] = loop.every(period_of(i), [&, i] {
            EXPECT_EQ(simulated.now(), ++calls[i] * period_of(i));
            EXPECT_EQ(timers[i].missed(), 0U);
        });
    }
    EXPECT_TRUE(loop.run_for(24h));
    EXPECT_EQ(simulated.now(), 24h);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(calls[i], 24h / period_of(i)) << i;
    EXPECT_LT(Clock::now() - begun, patience);
}

} // namespace
} // namespace pollux::loop::tests
