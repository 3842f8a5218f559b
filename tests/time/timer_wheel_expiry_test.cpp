// SPDX-License-Identifier: BSL-1.0
// Tests of the time until which a thread that has a timer wheel may sleep.
#include "timer_wheel_test.hpp"

#include <optional>
#include <random>

namespace pollux::time::tests {
namespace {

// A thread that sleeps until next_expiry() is never later than the tick of a deadline, and wakes at most 8 times for a
// timer: 7 times to cascade a slot, and once when it is due. Timers of one tick share these wake-ups.
RULE(timer_wheel, next_expiry) {
    for (const auto start : starts) {
        for (unsigned bits = 1; bits < 52; ++bits) {
            NumberedTimers rig(start, 50);
            std::mt19937_64 random(bits);
            std::uniform_int_distribution<std::uint64_t> delay(1, std::uint64_t{1} << bits);
            const auto common = delay(random);
            for (std::size_t number = 0; number < 50; ++number) {
                rig.wheel->insert(rig.timers[number], start + (number < 25 ? common : delay(random)));
            }
            std::uint64_t wakes = 0, fired = 0;
            while (const auto next = rig.wheel->next_expiry()) {
                ++wakes;
                for (const auto number : rig.at(*next)) {
                    ++fired;
                    EXPECT_EQ(rig.timers[number].deadline() / tick, *next / tick) << "start " << start;
                }
                ASSERT_LE(wakes, 26 * levels);
            }
            EXPECT_EQ(fired, 50U);
        }
    }
}

/// Fires timers of all distances in a wheel, at the times of `next_of(wheel)`, and calls `check` with each and the
/// deadline.
static void fire_at(const auto& next_of, const auto& check) {
    for (const std::size_t count : {1U, 16U, 200U}) {
        for (const auto start : starts) {
            for (unsigned bits = 1; bits < 52; ++bits) {
                NumberedTimers rig(start, count);
                std::mt19937_64 random(bits);
                std::uniform_int_distribution<std::uint64_t> delay(1, std::uint64_t{1} << bits);
                for (auto& timer : rig.timers) rig.wheel->insert(timer, start + delay(random));
                std::uint64_t wakes = 0, fired = 0;
                while (const auto next = next_of(*rig.wheel)) {
                    const auto due = rig.at(*next);
                    EXPECT_TRUE(!due.empty() || count > 16) << "start " << start << ", bits " << bits;
                    for (const auto number : due) check(*next, rig.timers[number].deadline());
                    fired += due.size();
                    ASSERT_LE(++wakes, count * levels);
                }
                EXPECT_EQ(fired, count);
            }
        }
    }
}

// A thread that sleeps until next_deadline() wakes once for the timers of a tick, and never before their deadlines.
// With more than 16 timers in a slot it may wake to cascade them, as with next_expiry().
RULE(timer_wheel, next_deadline) {
    fire_at([](const TimerWheel& wheel) { return wheel.next_deadline(); },
            [](std::uint64_t next, std::uint64_t deadline) { EXPECT_EQ(deadline / tick, next / tick); });
}

// next_exact_deadline() is that of the next timer, to the nanosecond, or sooner to cascade a slot with more than 16.
RULE(timer_wheel, next_exact_deadline) {
    fire_at([](const TimerWheel& wheel) { return wheel.next_exact_deadline(); },
            [](std::uint64_t next, std::uint64_t deadline) { EXPECT_EQ(deadline, next); });
    EXPECT_EQ(TimerWheel::tick, 65'536U);
    // A timer that is due and was not popped is due now; without a timer there is no deadline.
    NumberedTimers rig;
    const auto expect_all = [&](std::optional<std::uint64_t> expected) {
        EXPECT_EQ(rig.wheel->next_expiry(), expected);
        EXPECT_EQ(rig.wheel->next_deadline(), expected);
        EXPECT_EQ(rig.wheel->next_exact_deadline(), expected);
    };
    expect_all(std::nullopt);
    rig.wheel->insert(rig.timers[0], 5 * tick);
    rig.wheel->insert(rig.timers[1], 900 * tick);
    rig.wheel->advance(10 * tick + 1);
    expect_all(10 * tick + 1);
    EXPECT_EQ(rig.at(10 * tick + 1), Numbers{0});
    EXPECT_EQ(rig.at(900 * tick), Numbers{1});
    expect_all(std::nullopt);
}

TEST(timer_wheel, expiry_by_number) {
    NumberedTimers rig;
    const auto expect = [&](std::uint64_t expiry, std::uint64_t deadline, std::uint64_t exact) {
        EXPECT_EQ(rig.wheel->next_expiry(), expiry);
        EXPECT_EQ(rig.wheel->next_deadline(), deadline);
        EXPECT_EQ(rig.wheel->next_exact_deadline(), exact);
    };
    rig.wheel->insert(rig.timers[0], 900 * tick + 5);
    expect(std::uint64_t{900} / 64 * 64 * tick, 901 * tick - 1, 900 * tick + 5);
    rig.wheel->insert(rig.timers[1], 5 * tick + 7);
    expect(6 * tick - 1, 6 * tick - 1, 5 * tick + 7);
    rig.wheel->insert(rig.timers[2], 5 * tick + 4);
    EXPECT_EQ(rig.at(5 * tick + 4), Numbers{2});
    expect(6 * tick - 1, 6 * tick - 1, 5 * tick + 7);
}

// What was scheduled for a tick before makes no later one expire at once: next_expiry() is not after the time of the
// last advance() only if a timer is due, or was inserted with a deadline in the past.
TEST(timer_wheel, expiry_is_in_the_future) {
    for (const bool cascades : {false, true}) {
        NumberedTimers rig;
        rig.wheel->insert(rig.timers[0], tick / 2);
        rig.wheel->cancel(rig.timers[0]);
        if (cascades) rig.wheel->insert(rig.timers[1], 70 * tick);
        rig.wheel->advance(64 * tick);
        rig.wheel->insert(rig.timers[0], 64 * tick + 10);
        EXPECT_EQ(rig.wheel->next_expiry(), 65 * tick - 1);
        EXPECT_EQ(rig.at(64 * tick + 10), Numbers{0});
    }
}

} // namespace
} // namespace pollux::time::tests
