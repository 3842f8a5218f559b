// SPDX-License-Identifier: BSL-1.0
// Tests of readings of the clock, in a program of its own, which counts them. Linux only: std::chrono calls
// clock_gettime() there.
#include "../harness/next_function.hpp"
#include "loop_test.hpp"

#include <ctime>

namespace {
std::size_t readings = 0, coarse_readings = 0;
time_t coarse_lag = 0; // seconds
} // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    static const auto system_clock = pollux::harness::next_function(&clock_gettime, "clock_gettime");
    ++(clock == CLOCK_MONOTONIC_COARSE ? coarse_readings : readings);
    const int result = system_clock(clock, time);
    if (clock == CLOCK_MONOTONIC_COARSE) time->tv_sec -= coarse_lag;
    return result;
}

namespace pollux::loop::tests {
namespace {

/// The readings of all clocks.
std::size_t readings_of(const auto& action) {
    const auto before = readings + coarse_readings;
    action();
    return readings + coarse_readings - before;
}

TEST(Clock, is_not_read_by_setting_a_timer) {
    Scripted scripted;
    auto& loop = scripted.loop;
    const auto now = Clock::now();
    EXPECT_EQ(readings_of([&] {
                  auto once = loop.after(1h, [] {});
                  once.rearm(2h);
                  once.rearm(now + 1h);
                  once.rearm(0ns);
                  once.cancel();
                  once.rearm(1ns);
                  auto periodic = loop.every(1h, [] {});
                  auto at = loop.at(now + 1h, [] {});
              }),
              0U);
    EXPECT_EQ(loop.metrics().timers, 0U);
}

TEST(Clock, is_not_read_by_a_turn_without_timers) {
    Scripted scripted;
    auto& loop = scripted.loop;
    int calls = 0;
    Watcher watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready) {
        if (++calls == 3) return watcher.close();
        EXPECT_FALSE(loop.post([&] { watcher.change(both); }));
        EXPECT_FALSE(loop.defer([] {}));
    });
    auto wakes = loop.on_wake([] {});
    wakes.in_background();
    // Events are requested by a non-blocking poll, if there are posts, or by a sleep.
    for (int i = 0; i < 3; ++i) scripted.reports({{Source{3}, Ready::readable}, {Scripted::wakes, Ready::none}});
    auto over = loop.after(1h, [] {});
    over.close();
    EXPECT_EQ(readings_of([&] { EXPECT_FALSE(loop.run()); }), 0U);
    EXPECT_EQ(calls, 3);
    EXPECT_GE(loop.metrics().turns, 3U);
    EXPECT_GE(scripted.sleeps(), 1U);
}

TEST(Clock, is_read_for_many_durations_at_once) {
    Scripted scripted;
    auto& loop = scripted.loop;
    std::vector<Timer> timers(6400);
    EXPECT_EQ(readings_of([&] {
                  for (auto& timer : timers) timer = loop.after(1h, [] {});
              }),
              100U)
        << "one for 64";
}

// A coarse clock costs less, and suffices to see that no timer is due for long.
TEST(Clock, is_a_coarse_one_while_all_timers_are_far) {
    Scripted scripted;
    auto& loop = scripted.loop;
    auto far = loop.after(1h, [] {});
    scripted.turn();
    auto watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [](Ready) {});
    scripted.reports({{Source{3}, Ready::readable}});
    const auto before = readings, coarse_before = coarse_readings;
    EXPECT_TRUE(loop.run_one());
    EXPECT_EQ(readings - before, 0U);
    EXPECT_EQ(coarse_readings - coarse_before, 1U);
}

// Tests that the counted readings are those of Loop, too.
TEST(Clock, is_read_once_by_a_turn_with_timers_and_again_before_it_sleeps) {
    Scripted scripted;
    auto& loop = scripted.loop;
    auto near = loop.after(90ms, [] {});
    auto watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [](Ready) {});
    scripted.reports({{Source{3}, Ready::readable}});
    EXPECT_EQ(readings_of([&] { EXPECT_TRUE(loop.run_one()); }), 1U);
    EXPECT_EQ(scripted.sleeps(), 0U);
    scripted.reports({}); // for the non-blocking poll
    scripted.reports({{Source{3}, Ready::readable}});
    EXPECT_EQ(readings_of([&] { EXPECT_TRUE(loop.run_one()); }), 4U)
        << "the first of the coarse clock, which does not suffice; and the Poll reads the clock, to know when to end";
    EXPECT_EQ(scripted.sleeps(), 1U);
    EXPECT_EQ(loop.metrics().turns, 2U);
}

/// A CoarseLag makes the coarse clock late while it exists, as on a guest whose hypervisor delays the ticks of Linux.
class CoarseLag {
  public:
    explicit CoarseLag(time_t seconds) { coarse_lag = seconds; }
    ~CoarseLag() { coarse_lag = 0; }
    CoarseLag(const CoarseLag&) = delete;
    CoarseLag& operator=(const CoarseLag&) = delete;
};

// The steady clock decides: when it has passed a deadline, the next turn calls the timer.
TEST(Clock, that_is_coarse_and_far_behind_does_not_delay_timers) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        const CoarseLag lag(10);
        Loop loop(request(backend));
        int calls = 0;
        std::vector<Timer> timers;
        for (int i = 1; i <= 100; ++i) timers.push_back(loop.at(Clock::now() + i * 1ms, [&] { ++calls; }));
        const auto begun = Clock::now();
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(calls, 100);
        EXPECT_LT(Clock::now() - begun, 9s);
        EXPECT_LT(loop.metrics().turns, 1000U);
    }
}

TEST(Clock, that_is_coarse_and_far_behind_does_not_delay_timers_of_a_busy_loop) {
    const CoarseLag lag(3600);
    Scripted scripted;
    auto& loop = scripted.loop;
    int calls = 0;
    auto timer = loop.after(200ms, [&] { ++calls; });
    auto watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [](Ready) {});
    const auto due = Clock::now() + 250ms;
    std::uint64_t turns_when_due = 0;
    while (calls == 0) {
        const bool is_due = Clock::now() > due;
        scripted.reports({{Source{3}, Ready::readable}});
        loop.run_one();
        if (is_due) {
            ASSERT_LT(++turns_when_due, 40U);
        }
    }
    EXPECT_LE(scripted.sleeps(), 1U) << "it was busy, until no timer was left";
}

} // namespace
} // namespace pollux::loop::tests
