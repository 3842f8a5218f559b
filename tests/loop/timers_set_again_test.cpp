// SPDX-License-Identifier: BSL-1.0
// Tests of timers that are set again or cancelled while they wait for the clock to be read, are in the wheel, or both.
#include "simulated.hpp"

#include <algorithm>

namespace pollux::loop::tests {
namespace {

using std::chrono::nanoseconds;

// Tests any number of settings, of a timer that is in the wheel or waits for the clock to be read.
TEST(Timers, keep_the_loop_once) {
    Simulated simulated;
    auto& loop = simulated.loop;
    const Watchdog watchdog(loop);
    const auto others = loop.metrics().timers;
    int calls = 0;
    auto timer = loop.at(loop.now() + 1h, [&] { ++calls; });
    timer.rearm(1h);
    timer.rearm(1h);
    EXPECT_EQ(loop.metrics().timers - others, 1U);
    loop.run_for(0ns);
    timer.rearm(1h);
    EXPECT_EQ(loop.metrics().timers - others, 1U);
    timer.rearm(loop.now() + 1h);
    timer.in_background();
    timer.rearm(1h);
    EXPECT_FALSE(loop.run()) << "it is in the background";
    timer.in_background(false);
    timer.rearm(0ns);
    EXPECT_FALSE(loop.run()) << "it was called";
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(loop.metrics().timers, others);
    timer.rearm(1h);
    timer.cancel();
    timer.cancel();
    EXPECT_FALSE(loop.run()) << "it was cancelled";
    EXPECT_EQ(calls, 1);
}

// Tests that such a timer keeps neither the Loop from ending nor another one from keeping it, however often it is set,
// called or cancelled.
TEST(Timers, in_the_background_are_counted_once) {
    Simulated simulated;
    auto& loop = simulated.loop;
    const Watchdog watchdog(loop);
    int others = 0, calls = 0;
    Timer timer = loop.after(1h, [&] { ++others; });
    timer.in_background();
    timer.in_background();
    const auto is_kept_by_another = [&] {
        const auto before = calls;
        auto other = loop.after(1ms, [&] { ++calls; });
        EXPECT_FALSE(loop.run());
        return calls == before + 1;
    };
    EXPECT_TRUE(is_kept_by_another());
    timer.rearm(1h); // from the wheel
    timer.rearm(1h); // among those that wait for the clock to be read
    timer.rearm(loop.now() + 1h);
    EXPECT_TRUE(is_kept_by_another());
    timer.rearm(0ns);
    EXPECT_TRUE(is_kept_by_another());
    EXPECT_EQ(others, 1);
    EXPECT_TRUE(is_kept_by_another()) << "it was called";
    timer.rearm(1h);
    timer.cancel();
    timer.cancel();
    EXPECT_TRUE(is_kept_by_another()) << "it was cancelled";
    timer.rearm(1h);
    timer.close();
    EXPECT_TRUE(is_kept_by_another()) << "it has ended";
}

TEST(Timers, are_set_again_and_cancelled_before_the_clock_is_read) {
    Simulated simulated;
    auto& loop = simulated.loop;
    constexpr std::size_t count = 301; // the last timer is cancelled, too
    std::vector<int> calls(count);
    std::vector<Timer> timers;
    for (auto& called : calls) timers.push_back(loop.after(1h, [&called] { ++called; }));
    for (auto& timer : timers) {
        timer.rearm(2h);
        timer.rearm(0ns);
    }
    for (std::size_t i = 0; i < count; i += 3) timers[i].cancel();
    for (std::size_t i = 1; i < count; i += 3) timers[i].rearm(loop.now());
    EXPECT_EQ(loop.metrics().timers, count / 3 * 2);
    EXPECT_FALSE(loop.run());
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(calls[i], i % 3 == 0 ? 0 : 1) << i;
}

// Timers that are set again stay in the wheel until the clock is read.
TEST(Timers, are_set_again_and_cancelled_while_they_are_in_the_wheel) {
    Simulated simulated;
    auto& loop = simulated.loop;
    const auto others = loop.metrics().timers;
    constexpr std::size_t count = 300;
    std::vector<int> calls(count);
    std::vector<Timer> timers;
    constexpr auto wait = 10ms;
    for (auto& called : calls) timers.push_back(loop.after(wait, [&called] { ++called; }));
    loop.run_for(0ns);
    EXPECT_EQ(std::ranges::count(calls, 0), std::ptrdiff_t{count});
    for (std::size_t i = 0; i < count; ++i) {
        timers[i].in_background(i % 2 == 0);
        timers[i].rearm(1h);
        if (i % 4 > 1) timers[i].rearm(2h);
        if (i % 3 == 0) timers[i].cancel();
        if (i % 3 == 1) timers[i].rearm(0ns);
    }
    EXPECT_EQ(loop.metrics().timers - others, count / 3 * 2);
    EXPECT_TRUE(loop.run_for(wait));
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(calls[i], i % 3 == 1 ? 1 : 0) << i;
}

} // namespace
} // namespace pollux::loop::tests
