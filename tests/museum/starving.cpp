// SPDX-License-Identifier: BSL-1.0
// Busy sources, timers and posts beside others.
#include "museum.hpp"

namespace pollux::museum {
namespace {

/// A source that is always ready, whose callback reads nothing.
struct Busy {
    explicit Busy(loop::Loop& loop) {
        conformance::write(pair.far, "never read");
        watcher = loop.watch(pair.near.get(), both, Mode::level, [this](Ready) { ++calls; });
    }
    Pair pair = make_pair(Kind::local);
    int calls = 0;
    loop::Watcher watcher;
};

REPORTED_BUG(
    starves_timers_by_a_busy_source, "microsoft/CCF#1462",
    "A connection always has data to read: timers do not fire, and functions that other threads post are not called.") {
    loop::Loop loop(request(backend), {.events = 2});
    const Watchdog watchdog(loop);
    std::vector<std::unique_ptr<Busy>> busy;
    for (int i = 0; i < 10; ++i) busy.push_back(std::make_unique<Busy>(loop));
    int fired = 0, posted = 0, deferred = 0;
    const auto timer = loop.every(1ms, [&] {
        ++fired;
        EXPECT_FALSE(loop.post([&] {
            ++posted;
            static_cast<void>(loop.defer([&] { ++deferred; }));
        }));
    });
    EXPECT_TRUE(turn_until(loop, [&] { return deferred >= 20; }));
    EXPECT_GE(posted, 20);
    EXPECT_GE(fired, 20);
    for (const auto& one : busy) EXPECT_GT(one->calls, 0);
}

REPORTED_BUG(starves_accepts_by_a_busy_socket, "quinn-rs/quinn#753",
             "Some sockets are always ready, and the buffer for events is small: new connections are never accepted.") {
    CheckedPoll checked(backend);
    Events one(1);
    std::vector<Pair> busy;
    for (int i = 0; i < 5; ++i) {
        busy.push_back(make_pair(Kind::local));
        checked.add(busy.back().near, both);
        conformance::write(busy.back().far, "never read");
    }
    const auto listening = conformance::listener();
    checked.add(listening, Ready::readable, Mode::level, Token{2});
    EXPECT_FALSE(checked.poll.poll(one, patience));
    const auto client = conformance::connect_to(listening);
    EXPECT_TRUE(conformance::wait_for_data(listening));
    bool is_seen = false;
    for (int i = 0; i < 1000 && !is_seen; ++i) {
        EXPECT_FALSE(checked.poll.poll(one, patience));
        for (const auto& event : one) is_seen = is_seen || event.token == Token{2};
    }
    EXPECT_TRUE(is_seen);
}

REPORTED_BUG(
    starves_sources_by_a_timer_of_zero, "libuv/libuv#4245, joyent/libuv#1427, netdata/netdata#19810",
    "The callback of a timer sets the timer to zero again: it is called forever within one turn, and no source is "
    "served.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    const auto pair = make_pair(Kind::pipe);
    std::uint64_t fired = 0, deferred = 0;
    int reads = 0;
    loop::Timer timer = loop.after(0ns, [&] {
        ++fired;
        timer.rearm(0ns);
        static_cast<void>(loop.defer([&] { ++deferred; }));
    });
    auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) {
        ++reads;
        conformance::drain(pair.near);
        if (reads == 20) {
            static_cast<void>(loop.stop());
        } else {
            conformance::write(pair.far, "x");
        }
    });
    conformance::write(pair.far, "x");
    EXPECT_TRUE(loop.run());
    EXPECT_EQ(reads, 20);
    EXPECT_GE(fired, 20U);
    EXPECT_GE(deferred, 20U);
    EXPECT_LE(fired, loop.metrics().turns + 1) << "at most once a turn";
}

REPORTED_BUG(
    posts_from_a_post, "netty/netty#1154, nodejs/node#19937, dabeaz/curio#112",
    "A posted function posts the next one, and so on: the loop drains its queue forever and never polls for events.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    const auto pair = make_pair(Kind::pipe);
    struct PostChain {
        static void link(loop::Loop& loop, std::uint64_t& links) {
            ++links;
            static_cast<void>(loop.post([&] { link(loop, links); }));
        }
    };
    std::uint64_t links = 0;
    PostChain::link(loop, links);
    bool is_read = false;
    auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) {
        is_read = true;
        static_cast<void>(loop.stop());
    });
    conformance::write(pair.far, "x");
    EXPECT_TRUE(loop.run());
    EXPECT_TRUE(is_read);
}

REPORTED_BUG(
    keeps_the_loop_busy_after_one_wake, "nanomsg/nng#575",
    "A thread waits for messages and is woken once: from then on its wait returns at once without a message, and "
    "the thread spins.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    int wakes = 0, posts = 0;
    const auto watcher = loop.on_wake([&] { ++wakes; });
    EXPECT_FALSE(loop.poster().wake());
    EXPECT_TRUE(turn_until(loop, [&] { return wakes > 0; }));
    EXPECT_LE(polls_when_idle(loop), few);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(loop.post([&] { ++posts; }));
    EXPECT_TRUE(turn_until(loop, [&] { return posts == 3; }));
    const int after = wakes;
    EXPECT_LE(polls_when_idle(loop), few);
    EXPECT_LE(wakes, after + 1);
    CheckedPoll checked(backend);
    EXPECT_FALSE(checked.poll.registrator().wake());
    EXPECT_EQ(checked.next(wake_token), Ready::none);
    EXPECT_TRUE(checked.is_quiet());
}

} // namespace
} // namespace pollux::museum
