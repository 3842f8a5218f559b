// SPDX-License-Identifier: BSL-1.0
// Sources that are closed while registered, before the loop runs, while a duplicate is open, and by callbacks.
#include "museum.hpp"

#include <atomic>
#include <thread>

namespace pollux::museum {
namespace {

/// A Loop with a watch of a socket that a program closes too early, beside a watch that must not be harmed.
struct Closing {
    explicit Closing(const std::string& backend) : loop(request(backend)) {
        watch_with_error(loop, watcher, pair.near.get(), Ready::readable, Mode::level,
                         [this](Ready ready, const std::error_code& error) {
                             seen.push_back(ready);
                             refusal = error;
                         });
        neighbour = loop.watch(neighbours.near.get(), Ready::readable, Mode::level, [this](Ready) {
            ++neighbour_calls;
            conformance::drain(neighbours.near);
        });
    }

    bool serves_the_neighbour() {
        const int before = neighbour_calls;
        conformance::write(neighbours.far, "x");
        return turn_until(loop, [&] { return neighbour_calls > before; });
    }
    void expect_no_harm() {
        EXPECT_TRUE(serves_the_neighbour());
        EXPECT_LE(polls_when_idle(loop), few);
    }

    loop::Loop loop;
    const Watchdog watchdog{loop};
    Pair pair = make_pair(Kind::tcp), neighbours = make_pair(Kind::local);
    std::vector<Ready> seen;
    std::error_code refusal;
    int neighbour_calls = 0;
    loop::Watcher watcher, neighbour;
};

REPORTED_BUG(
    closes_before_the_loop_runs, "libuv/libuv#1403, libuv/libuv#255",
    "A descriptor is watched and closed again before the loop runs: the loop aborts the process when the kernel "
    "refuses the descriptor.") {
    Closing closing(backend);
    closing.pair.near.close();
    EXPECT_TRUE(turn_until(closing.loop, [&] { return !closing.seen.empty(); }));
    EXPECT_EQ(closing.seen, std::vector{Ready::failed});
    EXPECT_EQ(closing.refusal, std::errc::bad_file_descriptor);
    closing.expect_no_harm();
    EXPECT_EQ(closing.seen.size(), 1U);
}

REPORTED_BUG(
    closes_both_ends_before_the_loop_runs, "joyent/libuv#1191, saghul/pyuv#146",
    "A garbage collector closes both ends of a pair of sockets, one of which is watched, before the loop runs: the "
    "process is aborted.") {
    Closing closing(backend);
    closing.pair = make_pair(Kind::local); // closes both, and opens others
    closing.watcher.close();
    closing.expect_no_harm();
    EXPECT_EQ(closing.seen, std::vector<Ready>());
}

REPORTED_BUG(
    changes_what_was_closed, "libuv/libuv#5130, libuv/libuv#3796",
    "Another library closes a watched descriptor, then the program changes the interest of its watch: the loop "
    "aborts the process instead of reporting an error.") {
    Closing closing(backend);
    EXPECT_TRUE(closing.serves_the_neighbour());
    closing.pair.near.close();
    closing.watcher.change(both);
    EXPECT_TRUE(turn_until(closing.loop, [&] { return !closing.seen.empty(); }));
    EXPECT_TRUE(any(closing.seen.back() & Ready::failed));
    EXPECT_TRUE(closing.refusal);
    closing.expect_no_harm();
}

REPORTED_BUG(
    unwatches_after_the_close, "libuv/libuv#1495, rakshasa/libtorrent#622, curl/curl#3597",
    "A library closes its socket and notifies the program later, which then ends its watch: the loop aborts the "
    "process because of an error that harms no other watch.") {
    Closing closing(backend);
    EXPECT_TRUE(closing.serves_the_neighbour());
    closing.pair.near.close();
    EXPECT_TRUE(closing.serves_the_neighbour());
    closing.watcher.close();
    closing.expect_no_harm();
}

REPORTED_BUG(
    closes_a_listener_that_its_successor_keeps, "h2o/h2o#1100",
    "A server is replaced: it closes its listening socket and never unregisters it, while its successor has the "
    "socket open. Each client of the successor is reported to the old server, too, which spins.") {
    for (const bool runs_between : {false, true}) {
        Closing closing(backend);
        auto listener = conformance::listener();
        const auto of_successor = conformance::duplicate(listener);
        int calls = 0;
        auto watcher = closing.loop.watch(listener.get(), Ready::readable, Mode::level, [&](Ready) { ++calls; });
        EXPECT_TRUE(closing.serves_the_neighbour());
        listener.close();
        EXPECT_TRUE(!runs_between || closing.serves_the_neighbour());
        watcher.close();
        const auto client = conformance::connect_to(of_successor);
        EXPECT_TRUE(conformance::wait_for_data(of_successor));
        EXPECT_TRUE(closing.serves_the_neighbour());
        closing.expect_no_harm();
        EXPECT_EQ(calls, 0);
    }
}

REPORTED_BUG(
    keeps_a_duplicate_of_what_it_ended, "libuv/libuv#1468, libuv/libuv#1148, MagicStack/uvloop#61",
    "A duplicate of a socket is watched, its watch is ended and the duplicate is closed, while the original stays "
    "open: data on the original wakes the loop forever.") {
    for (const auto kind : {Kind::local, Kind::tcp, Kind::pipe}) {
        loop::Loop loop(request(backend));
        const Watchdog watchdog(loop);
        const auto pair = make_pair(kind);
        int calls = 0;
        {
            auto other = conformance::duplicate(pair.near);
            loop::Watcher watcher = loop.watch(other.get(), Ready::readable, Mode::level, [&](Ready) {
                ++calls;
                watcher.close();
                other.close();
            });
            conformance::write(pair.far, "x");
            EXPECT_TRUE(turn_until(loop, [&] { return calls > 0; }));
        }
        conformance::write(pair.far, "y");
        EXPECT_LE(polls_when_idle(loop), few) << name_of(kind);
        EXPECT_EQ(calls, 1);
    }
}

REPORTED_BUG(
    shares_a_socket_with_a_child, "joyent/libuv#1099, manticoresoftware/manticoresearch#4057",
    "A socket that a child process has inherited is unregistered and closed: its events are still delivered, and "
    "no call can stop them.") {
    for (const auto mode : {Mode::level, Mode::oneshot}) {
        CheckedPoll checked(backend);
        auto pair = make_pair(Kind::tcp);
        auto blocker = make_pair(Kind::pipe);
        checked.add(pair.near, Ready::readable | Ready::writable, mode);
        EXPECT_TRUE(any(checked.next() & Ready::writable));
        // The child keeps it open until the parent closes its end of the pipe.
        const auto child = fork_child([&] {
            blocker.far.close();
            conformance::set_blocking(blocker.near, true);
            conformance::read(blocker.near);
        });
        checked.remove(pair.near);
        pair.near.close();
        conformance::write(pair.far, "x");
        EXPECT_TRUE(checked.is_quiet());
        blocker.far.close();
        EXPECT_EQ(outcome_of(child), "");
    }
}

REPORTED_BUG(
    ends_another_of_the_same_batch, "mitchellh/libxev#234, mitchellh/libxev#169",
    "Two sources are ready in one batch, and the callback of the first ends the second and frees what it refers "
    "to: the second entry of the batch is delivered anyway.") {
    for (int round = 0; round < 50; ++round) {
        loop::Loop loop(request(backend));
        const Watchdog watchdog(loop);
        struct Connection {
            Pair pair = make_pair(Kind::local);
            loop::Watcher watcher;
        };
        std::vector<std::unique_ptr<Connection>> all;
        int calls = 0;
        for (int i = 0; i < 8; ++i) {
            auto& made = *all.emplace_back(std::make_unique<Connection>());
            made.watcher = loop.watch(made.pair.near.get(), Ready::readable, Mode::level, [&, self = &made](Ready) {
                ++calls;
                std::erase_if(all, [&](const auto& one) { return one.get() != self; });
            });
            conformance::write(made.pair.far, "x");
        }
        EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(all.size(), 1U);
    }
}

REPORTED_BUG(frees_its_connection_in_its_callback, "7etsuo/tetsuo-pulse#227, lalinsky/zio#442",
             "One backend delivers the events of a connection separately: the first callback closes and frees the "
             "connection, and the second uses freed memory.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    for (const auto mode : modes_of(loop.choice())) {
        struct Connection {
            Pair pair = make_pair(Kind::tcp);
            std::string request = "a request"; // read after the watch has been ended
            loop::Watcher watcher;
        };
        std::vector<std::unique_ptr<Connection>> all;
        int calls = 0;
        for (int i = 0; i < 20; ++i) {
            auto& made = *all.emplace_back(std::make_unique<Connection>());
            conformance::write(made.pair.far, made.request);
            made.pair.far.close();
            const auto serve = [&, self = &made](Ready) {
                ++calls;
                EXPECT_EQ(self->request, "a request");
                std::erase_if(all, [&](const auto& one) { return one.get() == self; });
            };
            made.watcher = loop.watch(made.pair.near.get(), both, mode, serve);
        }
        EXPECT_TRUE(turn_until(loop, [&] { return all.empty(); }));
        loop.run_for(0ns);
        EXPECT_EQ(calls, 20);
    }
}

REPORTED_BUG(
    reports_what_was_deregistered, "tokio-rs/mio CVE-2024-27308",
    "Sources are ready and are deregistered before the next poll: their tokens are reported, and the program uses "
    "them to find what it has freed.") {
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        for (int round = 0; round < 20; ++round) {
            std::vector<Pair> pairs;
            for (std::uint64_t i = 0; i < 20; ++i) {
                pairs.push_back(make_pair(Kind::local));
                checked.add(pairs.back().near, Ready::readable, mode, Token{i + 1});
                conformance::write(pairs.back().far, "x");
            }
            Events one(1);
            EXPECT_FALSE(checked.poll.poll(one, patience));
            EXPECT_EQ(one.size(), 1U);
            for (const auto& pair : pairs) checked.remove(pair.near);
            EXPECT_FALSE(checked.poll.poll(checked.events, 0ns));
            EXPECT_TRUE(checked.events.empty());
        }
        EXPECT_TRUE(checked.is_quiet());
    }
}

REPORTED_BUG(
    closes_and_the_peer_receives_no_end, "axboe/liburing#932, axboe/liburing#214",
    "A socket is closed while another thread waits for it: a pending request in the kernel keeps it open, and the "
    "peer never receives the end of the stream.") {
    CheckedPoll checked(backend);
    std::thread waiting([&] {
        while (!checked.poll.poll(checked.events)) {}
    });
    for (int round = 0; round < 200; ++round) {
        auto pair = make_pair(round % 2 == 0 ? Kind::tcp : Kind::local);
        checked.add(pair.near, Ready::readable, Mode::oneshot);
        checked.remove(pair.near);
        pair.near.close();
        EXPECT_TRUE(conformance::wait_for_data(pair.far));
        EXPECT_EQ(conformance::read(pair.far).bytes, 0U);
    }
    static_cast<void>(checked.poll.close());
    waiting.join();
}

} // namespace
} // namespace pollux::museum
