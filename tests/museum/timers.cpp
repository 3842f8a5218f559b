// SPDX-License-Identifier: BSL-1.0
#include "museum.hpp"

#include <algorithm>
#include <thread>

namespace pollux::museum {
namespace {

REPORTED_BUG(
    sets_thousands_of_one_deadline, "tokio-rs/tokio-timer#14, wahern/cqueues#63",
    "20,000 timers have the same deadline: some are never called, or all of them are called before any source is "
    "served.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    constexpr int count = 20'000;
    const auto deadline = loop::tests::Clock::now() + 10ms;
    std::vector<loop::Timer> timers;
    std::vector<int> order;
    const auto pair = make_pair(Kind::pipe);
    std::size_t called_before_the_source = 0;
    timers.reserve(count);
    order.reserve(count);
    for (int i = 0; i < count; ++i) {
        timers.push_back(loop.at(deadline, [&, i] {
            if (order.empty()) conformance::write(pair.far, "x");
            order.push_back(i);
        }));
    }
    auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) {
        if (conformance::drain(pair.near) > 0) called_before_the_source = order.size();
    });
    watcher.in_background();
    EXPECT_TRUE(turn_until(loop, [&] { return order.size() == count && called_before_the_source > 0; }));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_LT(called_before_the_source, static_cast<std::size_t>(count));
    loop.run_for(0ns);
    EXPECT_EQ(order.size(), static_cast<std::size_t>(count));
}

REPORTED_BUG(calls_a_timer_of_zero_twice, "libuv/help#55",
             "A timer is set to zero, and the loop runs once: the timer is called twice.") {
    loop::Loop loop(request(backend));
    int calls = 0;
    const auto timer = loop.after(0ns, [&] { ++calls; });
    EXPECT_TRUE(loop.run_one());
    EXPECT_EQ(calls, 1);
    EXPECT_FALSE(loop.run_one());
    EXPECT_EQ(calls, 1);
}

REPORTED_BUG(
    waits_for_the_far_timer_too, "joyent/libuv#574",
    "Beside a timer of a day there is one of zero, and the loop runs once: it calls the near timer and then waits "
    "for the far one.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    bool is_far = false;
    int calls = 0;
    const auto far = loop.after(24h, [&] { is_far = true; });
    for (int i = 1; i <= 20; ++i) {
        const auto near = loop.after(i % 2 == 0 ? 0ns : 1ms, [&] { ++calls; });
        EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(calls, i);
    }
    EXPECT_FALSE(is_far);
}

REPORTED_BUG(waits_longer_than_the_system_can, "libuv/libuv#922, h2o/h2o#1911",
             "A wait is longer than the 24.8 days that poll(2) takes: it ends at once, again and again, or never.") {
    for (const std::chrono::nanoseconds wait :
         {std::chrono::nanoseconds(24h * 25), std::chrono::nanoseconds(24h * 365 * 200),
          std::chrono::nanoseconds::max()}) {
        CheckedPoll checked(backend);
        const auto pair = make_pair(Kind::pipe);
        checked.add(pair.near, Ready::readable);
        std::thread writer([&, waiting = conformance::thread_number()] {
            conformance::wait_until_asleep(waiting, [] { return false; });
            conformance::write(pair.far, "x");
        });
        EXPECT_FALSE(checked.poll.poll(checked.events, wait));
        EXPECT_EQ(checked.events.size(), 1U);
        writer.join();

        loop::Loop loop(request(backend));
        bool is_called = false;
        const auto timer = loop.after(wait, [&] { is_called = true; });
        const auto at = loop.at(std::chrono::steady_clock::time_point::max(), [&] { is_called = true; });
        EXPECT_LE(polls_when_idle(loop), few);
        EXPECT_FALSE(is_called);
    }
}

REPORTED_BUG(
    ends_the_next_timer_of_the_same_time, "chenshuo/muduo#668",
    "Timers are due in the same turn, and the callback of one destroys the others: a destroyed timer is called.") {
    for (int round = 0; round < 20; ++round) {
        loop::Loop loop(request(backend));
        std::vector<loop::Timer> timers(50);
        int calls = 0;
        const auto deadline = loop::tests::Clock::now();
        for (auto& timer : timers) {
            timer = loop.at(deadline, [&] {
                ++calls;
                for (auto& other : timers) other.close();
            });
        }
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(calls, 1);
    }
}

REPORTED_BUG(
    counts_the_time_of_a_long_callback, "joyent/libuv#678, libuv/libuv#1068",
    "A callback takes long and then sets a timer: the loop counts from the beginning of its turn, and the timer "
    "fires too early.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    loop::tests::Clock::time_point set, fired;
    loop::Timer second;
    const auto first = loop.after(0ns, [&] {
        std::this_thread::sleep_for(15ms);
        set = loop::tests::Clock::now();
        second = loop.after(10ms, [&] { fired = loop::tests::Clock::now(); });
    });
    EXPECT_FALSE(loop.run());
    EXPECT_GE(fired - set, 10ms);
}

REPORTED_BUG(fires_a_part_of_a_tick_early, "libuv/libuv#4773, libuv/libuv#1105",
             "The time of the loop and the deadline are rounded down to ticks: a timer fires up to one tick early.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    int calls = 0;
    std::chrono::microseconds duration{0};
    loop::tests::Clock::time_point set;
    loop::Timer timer = loop.after(0ns, [&] {
        EXPECT_GE(loop::tests::Clock::now() - set, duration);
        if (++calls == 101) return;
        duration = std::chrono::microseconds(999 + 7 * calls);
        set = loop::tests::Clock::now();
        timer.rearm(duration);
    });
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(calls, 101);
}

} // namespace
} // namespace pollux::museum
