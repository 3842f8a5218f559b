// SPDX-License-Identifier: BSL-1.0
// Tests of the rules of the timer wheel.
#include "timer_wheel_test.hpp"

#include <algorithm>
#include <random>
#include <type_traits>
#include <utility>

namespace pollux::time::tests {
namespace {

static_assert(!std::is_copy_constructible_v<TimerNode> && !std::is_move_constructible_v<TimerWheel>);
static_assert(!std::is_destructible_v<TimerNode>, "only as a base class");
static_assert(sizeof(TimerNode) <= 3 * sizeof(std::uint64_t), "a million of them are in the caches as far as they fit");

// A timer fires at the first advance() that is not before its deadline, to the nanosecond: on both sides of the
// boundary of each level, slot and tick.
RULE(timer_wheel, to_the_nanosecond) {
    for (const auto start : starts) {
        for (unsigned bits = 0; bits < 64; ++bits) {
            for (const int by : {-1, 0, 1}) {
                const auto block = std::uint64_t{1} << bits;
                const auto deadline = (start / block + 1) * block + static_cast<std::uint64_t>(by);
                if (deadline <= start) continue; // after the end of time
                NumberedTimers rig(start);
                rig.wheel->insert(rig.timers[0], deadline);
                EXPECT_EQ(rig.at(deadline - 1), Numbers()) << start << ", " << deadline;
                EXPECT_EQ(rig.at(deadline), Numbers{0}) << start << ", " << deadline;
            }
        }
    }
}

// Timers are popped in the order of their deadlines: within a tick, across ticks and levels, in one step and in many.
RULE(timer_wheel, order) {
    for (const auto range : {tick, 100 * tick, tick << 13U, tick << 27U}) {
        for (const std::uint64_t steps : {1U, 7U, 1000U}) {
            NumberedTimers rig(12345, 1000);
            std::mt19937_64 random(range);
            for (auto& timer : rig.timers) {
                rig.wheel->insert(timer, 12345 + std::uniform_int_distribution<std::uint64_t>(0, range)(random));
            }
            Numbers all;
            for (std::uint64_t step = 1; step <= steps; ++step) {
                const auto some = rig.at(12345 + (step == steps ? range : range / steps * step));
                all.insert(all.end(), some.begin(), some.end());
            }
            EXPECT_EQ(all.size(), rig.timers.size());
            EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [&](auto a, auto b) {
                return rig.timers[a].deadline() < rig.timers[b].deadline();
            }));
        }
    }
}

// Timers with equal deadlines are popped in the order of insertion, wherever they were when the next was inserted;
// rearming a timer inserts it again.
RULE(timer_wheel, ties) {
    const auto deadline = (tick << 24U) + 5 * tick + 77;
    NumberedTimers rig(0, 10);
    rig.wheel->insert(rig.timers[9], deadline);
    for (const std::size_t number : {4U, 0U, 7U}) rig.wheel->insert(rig.timers[number], deadline);
    for (unsigned bits = 30; bits > 0; bits -= 10) { // from one level to the next
        EXPECT_EQ(rig.at(deadline - (std::uint64_t{1} << bits)), Numbers());
        rig.wheel->insert(rig.timers[bits / 10], deadline);
    }
    rig.wheel->insert(rig.timers[5], deadline - 1); // sorted before them
    rig.wheel->rearm(rig.timers[0], deadline);
    EXPECT_EQ(rig.at(deadline), (Numbers{5, 9, 4, 7, 3, 2, 1, 0}));
}

// Ties of so many timers that they are sorted by another algorithm.
TEST(timer_wheel, many_ties) {
    for (const auto deadline : {tick / 2, 100 * tick, tick << 15U}) {
        NumberedTimers rig(0, 500);
        for (std::size_t number = 0; number < 500; ++number) {
            rig.wheel->insert(rig.timers[number], deadline - number % 3);
        }
        const auto all = rig.at(deadline);
        EXPECT_EQ(all.size(), 500U);
        EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [&](auto a, auto b) {
            return std::pair(rig.timers[a].deadline(), a) < std::pair(rig.timers[b].deadline(), b);
        }));
    }
}

// A cancelled timer is never popped, whether it was waiting or due, and other timers are unaffected. Cancelling a timer
// that is not pending does nothing.
RULE(timer_wheel, cancel) {
    for (const auto deadline : {tick / 2, 3 * tick, tick << 20U, end_of_time}) {
        NumberedTimers rig;
        for (auto& timer : rig.timers) rig.wheel->insert(timer, deadline);
        rig.wheel->cancel(rig.timers[1]);
        rig.wheel->cancel(rig.timers[1]);
        rig.wheel->advance(deadline);
        EXPECT_EQ(rig.wheel->pending(), 3U);
        rig.wheel->cancel(rig.timers[2]);
        EXPECT_EQ(rig.pop(), 0U);
        rig.wheel->cancel(rig.timers[0]);
        EXPECT_EQ(rig.wheel->pending(), 1U);
        EXPECT_TRUE(rig.wheel->has_due());
        rig.wheel->cancel(rig.timers[3]);
        EXPECT_FALSE(rig.wheel->has_due());
        EXPECT_EQ(rig.pop(), NumberedTimers::none);
        EXPECT_EQ(rig.wheel->next_expiry(), std::nullopt);
    }
}

// If the last timer of a slot is cancelled, no wake-up is left for the slot.
TEST(timer_wheel, cancelled_timer_causes_no_wake) {
    for (const auto start : starts) {
        for (unsigned bits = 0; bits < 52; ++bits) {
            NumberedTimers rig(start);
            rig.wheel->insert(rig.timers[0], later(start, std::uint64_t{1} << bits));
            rig.wheel->insert(rig.timers[1], end_of_time);
            const auto alone = NumberedTimers(start).wheel->next_expiry();
            rig.wheel->cancel(rig.timers[1]);
            rig.wheel->cancel(rig.timers[0]);
            EXPECT_EQ(rig.wheel->next_expiry(), alone) << start << ", " << bits;
        }
    }
}

// A rearmed timer fires at its new deadline only, earlier or later than the old one, even if it was due.
RULE(timer_wheel, rearm) {
    for (const auto step : {tick / 4, 2 * tick, 64 * tick, tick << 30U}) {
        NumberedTimers rig;
        rig.wheel->insert(rig.timers[0], 2 * step);
        rig.wheel->rearm(rig.timers[0], step);
        EXPECT_EQ(rig.at(step - 1), Numbers());
        EXPECT_EQ(rig.at(step), Numbers{0});
        rig.wheel->rearm(rig.timers[0], 2 * step);
        rig.wheel->rearm(rig.timers[0], 3 * step);
        EXPECT_EQ(rig.at(3 * step - 1), Numbers());
        rig.wheel->advance(3 * step);
        rig.wheel->rearm(rig.timers[0], 4 * step);
        EXPECT_EQ(rig.at(4 * step - 1), Numbers());
        EXPECT_EQ(rig.at(4 * step), Numbers{0});
        EXPECT_EQ(rig.wheel->pending(), 0U);
    }
}

// A callback that rearms its timer for a past time is not called again before the next advance(), nor are other timers
// that it schedules; the next advance() pops all of them, even at the same time.
RULE(timer_wheel, rearm_between_pops) {
    const auto now = 64 * tick; // a level's slot begins here
    NumberedTimers rig(now);
    rig.wheel->insert(rig.timers[0], 5);
    rig.wheel->insert(rig.timers[1], now);
    rig.wheel->advance(now);
    EXPECT_EQ(rig.pop(), 0U);
    rig.wheel->rearm(rig.timers[0], 0);
    EXPECT_EQ(rig.pop(), 1U);
    rig.wheel->rearm(rig.timers[1], now);
    rig.wheel->insert(rig.timers[2], now - tick);
    EXPECT_EQ(rig.pop(), NumberedTimers::none);
    EXPECT_FALSE(rig.wheel->has_due());
    EXPECT_LE(rig.wheel->next_expiry(), now);
    EXPECT_EQ(rig.at(now), (Numbers{0, 2, 1}));
}

// A timer that is due already is popped before those that become due later, whatever their deadlines.
RULE(timer_wheel, due_first) {
    NumberedTimers rig(1000);
    rig.wheel->insert(rig.timers[0], 500);
    rig.wheel->insert(rig.timers[1], 900);
    rig.wheel->advance(1000);
    rig.wheel->insert(rig.timers[2], 100);
    EXPECT_EQ(rig.at(1000), (Numbers{0, 1, 2}));
}

// next_due() lists what pop_due() will return, in that order.
TEST(timer_wheel, next_due) {
    NumberedTimers rig;
    EXPECT_EQ(rig.wheel->next_due(), nullptr);
    rig.wheel->insert(rig.timers[2], 1);
    rig.wheel->insert(rig.timers[0], 2);
    rig.wheel->insert(rig.timers[1], 3);
    EXPECT_EQ(rig.wheel->next_due(), nullptr) << "none is due yet";
    rig.wheel->advance(2);
    auto* const first = rig.wheel->next_due();
    EXPECT_EQ(first, &rig.timers[2]);
    auto* const second = rig.wheel->next_due(first);
    EXPECT_EQ(second, &rig.timers[0]);
    EXPECT_EQ(rig.wheel->next_due(second), nullptr);
    EXPECT_EQ(rig.wheel->pop_due(), first);
    EXPECT_EQ(rig.wheel->next_due(), second);
}

// A time that is earlier than the last one is ignored: deadlines that have passed stay passed.
RULE(timer_wheel, backwards) {
    NumberedTimers rig(10 * tick);
    rig.wheel->insert(rig.timers[0], 11 * tick);
    EXPECT_EQ(rig.at(5), Numbers());
    rig.wheel->insert(rig.timers[1], 9 * tick);
    EXPECT_EQ(rig.at(5), Numbers{1});
    EXPECT_EQ(rig.at(11 * tick - 1), Numbers());
    EXPECT_EQ(rig.at(11 * tick), Numbers{0});
}

// The largest nanosecond count is a valid deadline, and its timer is popped. An advance() that far takes no longer than
// any other, although it passes 2^48 ticks.
RULE(timer_wheel, far) {
    NumberedTimers rig;
    rig.wheel->insert(rig.timers[0], end_of_time);
    rig.wheel->insert(rig.timers[1], end_of_time - 1);
    rig.wheel->insert(rig.timers[2], 1);
    EXPECT_EQ(rig.at(end_of_time - 1), (Numbers{2, 1}));
    EXPECT_EQ(rig.wheel->next_expiry(), end_of_time);
    EXPECT_EQ(rig.at(end_of_time), Numbers{0});
    rig.wheel->insert(rig.timers[3], end_of_time);
    EXPECT_EQ(rig.at(end_of_time), Numbers{3});
}

// When a wheel is destroyed its timers, waiting or due, are no longer pending, and can be inserted into another wheel.
RULE(timer_wheel, destroyed) {
    std::vector<Timer> timers(1000);
    {
        TimerWheel wheel(0);
        for (std::size_t number = 0; number < timers.size(); ++number)
            wheel.insert(timers[number], number * number * tick);
        wheel.advance(tick * 500 * 500);
    }
    TimerWheel other(0);
    for (auto& timer : timers) {
        ASSERT_FALSE(timer.is_pending());
        other.insert(timer, 0);
    }
    EXPECT_EQ(other.pending(), timers.size());
    for (auto& timer : timers) other.cancel(timer);
    // Wherever they wait: at a distance of each power of two, and none.
    for (const auto start : starts) {
        {
            TimerWheel wheel(start);
            for (std::size_t number = 0; number < 65; ++number) {
                wheel.insert(timers[number], number == 64 ? start : later(start, std::uint64_t{1} << number));
            }
        }
        EXPECT_TRUE(std::none_of(timers.begin(), timers.end(), [](const Timer& timer) { return timer.is_pending(); }));
    }
}

// A test with a million timers.
TEST(timer_wheel, million) {
    NumberedTimers rig(0, 1'000'000);
    std::mt19937_64 random(1);
    for (auto& timer : rig.timers) rig.wheel->insert(timer, random() >> 20U);
    EXPECT_EQ(rig.wheel->pending(), rig.timers.size());
    std::uint64_t last = 0, fired = 0;
    for (const auto now : {end_of_time >> 22U, end_of_time >> 20U}) {
        for (const auto number : rig.at(now)) {
            EXPECT_LE(last, rig.timers[number].deadline());
            EXPECT_LE(rig.timers[number].deadline(), now);
            last = rig.timers[number].deadline();
            ++fired;
        }
    }
    EXPECT_EQ(fired, rig.timers.size());
}

} // namespace
} // namespace pollux::time::tests
