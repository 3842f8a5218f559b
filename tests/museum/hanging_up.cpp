// SPDX-License-Identifier: BSL-1.0
// Peers that hang up or shut down while the program is paused or watches one direction.
#include "museum.hpp"

namespace pollux::museum {
namespace {

REPORTED_BUG(
    pauses_after_the_hang_up, "apple/swift-nio#277",
    "The peer closes its end of a local socket, and the program withdraws its interest and keeps its own end open: "
    "the loop spins on a hang-up that cannot be masked.") {
    for (const auto kind : {Kind::local, Kind::tcp, Kind::pipe}) {
        loop::Loop loop(request(backend));
        const Watchdog watchdog(loop);
        auto pair = make_pair(kind);
        int calls = 0;
        loop::Watcher watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) {
            ++calls;
            watcher.change(Ready::none);
        });
        pair.far.close();
        EXPECT_TRUE(turn_until(loop, [&] { return calls > 0; }));
        EXPECT_LE(polls_when_idle(loop), few) << name_of(kind);
        EXPECT_EQ(calls, 1) << name_of(kind);
    }
}

REPORTED_BUG(
    pauses_with_unread_data_before_the_hang_up, "oven-sh/bun#37928, oven-sh/bun#33974",
    "A server pauses a connection with unread data, and the client closes it: the loop spins until the connection "
    "is resumed, or the data is lost.") {
    for (const auto kind : {Kind::local, Kind::tcp}) {
        CheckedPoll checked(backend);
        auto pair = make_pair(kind);
        checked.add(pair.near, Ready::readable);
        conformance::write(pair.far, "request");
        EXPECT_TRUE(any(checked.next() & Ready::readable));
        checked.modify(pair.near, Ready::none);
        pair.far.close();
        EXPECT_TRUE(checked.is_quiet()) << name_of(kind);
        checked.modify(pair.near, Ready::readable);
        EXPECT_TRUE(any(checked.next() & Ready::readable));
        EXPECT_EQ(conformance::read(pair.near).bytes, 7U);
        EXPECT_TRUE(any(checked.next() & Ready::readable));
        EXPECT_EQ(conformance::read(pair.near).bytes, 0U);
    }
}

REPORTED_BUG(
    was_never_resumed, "libuv/libuv#2162",
    "A connection is paused from the beginning, and the server closes it: the loop spins by removing and adding "
    "the descriptor.") {
    for (const auto kind : {Kind::local, Kind::tcp, Kind::pipe}) {
        CheckedPoll checked(backend);
        for (const auto mode : modes_of(checked.poll.choice())) {
            auto pair = make_pair(kind);
            checked.add(pair.near, Ready::none, mode);
            pair.far.close();
            EXPECT_TRUE(checked.is_quiet()) << name_of(kind);
            checked.remove(pair.near);
        }
    }
}

REPORTED_BUG(gets_a_hang_up_without_readable, "wingo/fibers#19",
             "A task waits once for a pipe to become readable, and the writer exits: the event has the hang-up but not "
             "readable, so the task is not woken, and the wait begins again forever.") {
    CheckedPoll checked(backend);
    auto pair = make_pair(Kind::pipe);
    checked.add(pair.near, Ready::readable, Mode::oneshot);
    conformance::write(pair.far, "last words");
    EXPECT_TRUE(any(checked.next() & Ready::readable));
    conformance::drain(pair.near);
    checked.modify(pair.near, Ready::readable, Mode::oneshot);
    EXPECT_TRUE(checked.is_quiet());
    pair.far.close();
    EXPECT_TRUE(any(checked.next() & Ready::readable));
    EXPECT_TRUE(checked.is_quiet());
    EXPECT_EQ(conformance::read(pair.near).bytes, 0U);
}

REPORTED_BUG(
    takes_a_half_closed_peer_for_writable, "tokio-rs/tokio#449, tokio-rs/mio#939",
    "The peer shuts down its sending half while the buffer towards it is full: the socket is reported as writable, "
    "each write would block, and the task spins.") {
    CheckedPoll checked(backend);
    for (const auto kind : {Kind::local, Kind::tcp}) {
        for (const auto mode : modes_of(checked.poll.choice())) {
            auto pair = make_pair(kind);
            conformance::fill(pair.near);
            conformance::shut_down_writing(pair.far);
            checked.add(pair.near, Ready::writable, mode);
            EXPECT_FALSE(checked.poll.poll(checked.events, moment));
            for (const auto& event : checked.events) EXPECT_FALSE(any(event.ready & Ready::writable)) << name_of(kind);
            // The peer reads all of it, which makes room.
            const auto end = loop::tests::Clock::now() + patience;
            bool is_writable = false;
            if (mode == Mode::oneshot) checked.modify(pair.near, Ready::writable, mode);
            while (!is_writable && loop::tests::Clock::now() < end) {
                conformance::drain(pair.far);
                EXPECT_FALSE(checked.poll.poll(checked.events, 1ms));
                for (const auto& event : checked.events) is_writable = any(event.ready & Ready::writable);
                if (!is_writable && mode == Mode::oneshot) checked.modify(pair.near, Ready::writable, mode);
            }
            EXPECT_TRUE(is_writable) << name_of(kind);
            checked.remove(pair.near);
        }
    }
}

REPORTED_BUG(
    gets_an_event_of_its_old_interest, "apple/swift-nio#1804",
    "A program changes the interest of a watch while an event is pending: an event of the old interest is delivered.") {
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        for (int round = 0; round < 50; ++round) {
            const auto pair = make_pair(Kind::local);
            conformance::fill(pair.near);
            checked.add(pair.near, Ready::readable, mode);
            conformance::write(pair.far, "x");
            if (round % 2 == 1) {
                EXPECT_TRUE(any(checked.next() & Ready::readable));
            }
            checked.modify(pair.near, Ready::writable, mode, Token{2});
            EXPECT_FALSE(checked.poll.poll(checked.events, 0ns));
            EXPECT_TRUE(checked.events.empty());
            conformance::drain(pair.far);
            const auto ready = checked.next(Token{2});
            EXPECT_EQ(ready, Ready::writable);
            checked.remove(pair.near);
        }
    }
}

REPORTED_BUG(
    receives_data_and_hang_up_at_once, "PowerDNS/pdns#517, francma/wob#53",
    "The writer sends its last data and closes before the reader polls: the reader handles only one of data and "
    "hang-up, and spins on the other.") {
    for (const auto kind : {Kind::local, Kind::tcp, Kind::pipe}) {
        loop::Loop loop(request(backend));
        const Watchdog watchdog(loop);
        auto pair = make_pair(kind);
        conformance::write(pair.far, "last");
        pair.far.close();
        std::vector<std::size_t> reads;
        loop::Watcher watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready ready) {
            EXPECT_TRUE(any(ready & Ready::readable)) << name_of(kind);
            reads.push_back(conformance::read(pair.near).bytes);
            if (reads.back() == 0) watcher.close();
        });
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(reads, (std::vector<std::size_t>{4, 0})) << name_of(kind);
    }
}

REPORTED_BUG(
    leaves_an_error_in_the_socket, "redis/redis#15107",
    "A datagram is refused, and a read of the program does not fetch the error: the error stays in the socket, and "
    "the loop reports it forever.") {
    CheckedPoll checked(backend);
    const auto socket = conformance::udp_socket_to_closed_port();
    checked.add(socket, Ready::readable);
    conformance::send_datagram(socket, "hello");
    // The event of an error has the direction that was asked for, so the next read returns the error.
    EXPECT_TRUE(any(checked.next() & Ready::readable));
    EXPECT_EQ(conformance::read(socket).error, std::errc::connection_refused);
    EXPECT_TRUE(checked.is_quiet());
}

} // namespace
} // namespace pollux::museum
