// SPDX-License-Identifier: BSL-1.0
// Descriptors that are closed and reused for another file while the loop still watches them.
#include "museum.hpp"

#include <atomic>
#include <thread>

namespace pollux::museum {
namespace {

/// Closes a source and opens a new one with the same descriptor, as the next socket() of a program does.
void replace(Pair& pair, Kind kind = Kind::tcp) {
    const auto number = pair.near.get();
    pair.near.close();
    auto made = make_pair(kind);
    pair = {conformance::renumber(std::move(made.near), number), std::move(made.far)};
}

REPORTED_BUG(
    reuses_a_descriptor_that_is_still_registered, "joyent/libuv#826",
    "A watched socket is closed, and a new socket gets the same descriptor and is registered: events of the old "
    "socket are delivered for the new one.") {
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        for (int round = 0; round < 20; ++round) {
            auto pair = make_pair(Kind::tcp);
            checked.add(pair.near, Ready::readable, mode, Token{1});
            conformance::write(pair.far, "x");
            replace(pair);
            static_cast<void>(checked.poll.registrator().remove(pair.near.get())); // may fail: the source is closed
            checked.add(pair.near, Ready::readable, mode, Token{2});
            EXPECT_FALSE(checked.poll.poll(checked.events, 0ns));
            EXPECT_TRUE(checked.events.empty());
            conformance::write(pair.far, "x");
            EXPECT_EQ(checked.next(Token{2}), Ready::readable);
            checked.remove(pair.near);
        }
    }
}

REPORTED_BUG(
    reconnects_with_the_same_descriptor, "curl/curl#1776, curl/curl#12151",
    "A library reconnects, gets the same descriptor for the new socket, and requests the same interest: the loop "
    "finds nothing to change, and the connection hangs.") {
    for (const auto interest : {Ready::readable, both}) {
        loop::Loop loop(request(backend));
        const Watchdog watchdog(loop);
        auto pair = make_pair(Kind::tcp);
        int reads = 0;
        auto watcher = loop.watch(pair.near.get(), interest, Mode::level, [&](Ready ready) {
            if (any(ready & Ready::readable)) reads += conformance::drain(pair.near) > 0 ? 1 : 0;
        });
        conformance::write(pair.far, "x");
        ASSERT_TRUE(turn_until(loop, [&] { return reads == 1; }));
        replace(pair);
        watcher.change(interest);
        conformance::write(pair.far, "x");
        ASSERT_TRUE(turn_until(loop, [&] { return reads == 2; }));
    }
}

REPORTED_BUG(
    ends_the_former_watch_late, "curl/curl#14976, saghul/pyuv#54",
    "A socket is closed, a new socket with the same descriptor is watched, and only then the old watch is ended: "
    "this silently ends the new watch, too.") {
    for (const bool turns_between : {false, true}) {
        loop::Loop loop(request(backend));
        const Watchdog watchdog(loop);
        auto pair = make_pair(Kind::tcp);
        auto former = loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
        loop.run_for(0ns);
        replace(pair);
        int calls = 0;
        auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready ready) {
            EXPECT_EQ(ready, Ready::readable);
            ++calls;
            conformance::drain(pair.near);
        });
        if (turns_between) loop.run_for(0ns);
        former.close();
        conformance::write(pair.far, "x");
        ASSERT_TRUE(turn_until(loop, [&] { return calls > 0; })) << turns_between;
        EXPECT_EQ(watcher.error(), std::error_code());
    }
}

REPORTED_BUG(
    cancels_a_spent_watch_of_a_reused_descriptor, "mitchellh/libxev#230",
    "A wait that has ended already is cancelled after its descriptor has been reused: this unregisters the new "
    "source.") {
    for (const auto kind : {Kind::tcp, Kind::local}) {
        loop::Loop loop(request(backend));
        const Watchdog watchdog(loop);
        auto pair = make_pair(kind);
        int former_calls = 0, calls = 0;
        auto former = loop.watch(pair.near.get(), Ready::readable, Mode::oneshot, [&](Ready) { ++former_calls; });
        conformance::write(pair.far, "x");
        ASSERT_TRUE(turn_until(loop, [&] { return former_calls > 0; }));
        replace(pair, kind);
        former.close();
        auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::oneshot, [&](Ready) { ++calls; });
        loop.run_for(0ns);
        former.close();
        conformance::write(pair.far, "x");
        ASSERT_TRUE(turn_until(loop, [&] { return calls > 0; }));
        EXPECT_EQ(former_calls, 1);
    }
}

REPORTED_BUG(
    reuses_a_descriptor_within_a_batch, "apple/swift-nio#341",
    "Of two ready connections the first closes the second and opens a connection that gets its descriptor: the "
    "second entry of the batch is delivered to the new connection.") {
    for (int round = 0; round < 50; ++round) {
        loop::Loop loop(request(backend));
        const Watchdog watchdog(loop);
        Pair pairs[] = {make_pair(Kind::tcp), make_pair(Kind::tcp)};
        loop::Watcher watchers[2];
        int calls = 0, wrong = 0;
        const auto serve = [&](std::size_t other) {
            return [&, other](Ready) {
                ++calls;
                watchers[other].close();
                replace(pairs[other]);
                watchers[other] =
                    loop.watch(pairs[other].near.get(), Ready::readable, Mode::level, [&](Ready) { ++wrong; });
                watchers[1 - other].close();
            };
        };
        for (std::size_t i = 0; i < 2; ++i) {
            watchers[i] = loop.watch(pairs[i].near.get(), Ready::readable, Mode::level, serve(1 - i));
            conformance::write(pairs[i].far, "x");
            EXPECT_TRUE(conformance::wait_for_data(pairs[i].near));
        }
        EXPECT_TRUE(loop.run_one());
        for (int turn = 0; turn < 3; ++turn) loop.run_for(0ns);
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(wrong, 0);
    }
}

REPORTED_BUG(
    reports_the_old_file_of_a_reused_descriptor, "axboe/liburing#363",
    "A connection is closed and its descriptor reused, while a duplicate keeps the old connection open: data on "
    "the old connection completes the wait of the new one.") {
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        auto pair = make_pair(Kind::tcp);
        const auto alive = conformance::duplicate(pair.near);
        const auto former_peer = conformance::duplicate(pair.far);
        checked.add(pair.near, Ready::readable, mode, Token{1});
        EXPECT_TRUE(checked.is_quiet());
        checked.remove(pair.near);
        replace(pair);
        checked.add(pair.near, Ready::readable, mode, Token{2});
        conformance::write(former_peer, "x");
        EXPECT_TRUE(conformance::wait_for_data(alive));
        EXPECT_TRUE(checked.is_quiet());
        conformance::write(pair.far, "x");
        EXPECT_EQ(checked.next(Token{2}), Ready::readable);
        checked.remove(pair.near);
    }
}

REPORTED_BUG(
    registers_again_beside_the_waiting_thread, "libevent event_del beside epoll_wait",
    "While one thread waits, another ends a watch, closes the file, opens a file that gets the same descriptor, "
    "and registers that: an event of the old file is delivered to the new watch.") {
    CheckedPoll checked(backend);
    std::atomic<std::uint64_t> generation{0}, wrong{0}, seen{0};
    std::atomic<bool> is_over{false};
    std::thread waiting([&] {
        while (!is_over && !checked.poll.poll(checked.events)) {
            for (const auto& event : checked.events) {
                const auto token = static_cast<std::uint64_t>(event.token);
                if (event.token == wake_token) continue;
                // Odd tokens are those of sources that get data, and even ones of those that never do.
                if (token % 2 == 0) ++wrong;
                seen = std::max(seen.load(), token);
            }
        }
    });
    for (int round = 0; round < 200; ++round) {
        auto pair = make_pair(Kind::local);
        const Token busy{++generation};
        checked.add(pair.near, Ready::readable, Mode::oneshot, busy);
        conformance::write(pair.far, "x");
        const auto end = loop::tests::Clock::now() + patience;
        if (round % 2 == 0) {
            while (seen < static_cast<std::uint64_t>(busy) && loop::tests::Clock::now() < end)
                std::this_thread::yield();
            EXPECT_GE(seen, static_cast<std::uint64_t>(busy));
        }
        checked.remove(pair.near);
        replace(pair, Kind::local);
        checked.add(pair.near, Ready::readable, Mode::oneshot, Token{++generation});
        std::this_thread::yield();
        checked.remove(pair.near);
    }
    is_over = true;
    static_cast<void>(checked.poll.close());
    waiting.join();
    EXPECT_EQ(wrong, 0U);
}

} // namespace
} // namespace pollux::museum
