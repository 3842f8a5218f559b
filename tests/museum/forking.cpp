// SPDX-License-Identifier: BSL-1.0
// Children that exit, destroy, change, close or reopen what their parents made.
#include "museum.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include <unistd.h>

namespace pollux::museum {
namespace {

/// A process with a Loop of watches, signals, timers and posts, and a check that all of them work.
struct Parent {
    explicit Parent(const std::string& backend) : loop(std::in_place, request(backend)) {
        watcher = loop->watch(pair.near.get(), Ready::readable, Mode::level, [this](Ready) {
            ++reads;
            conformance::drain(pair.near);
        });
        signals = loop->on_signal(SIGUSR1, [this] { ++signalled; });
        loop->run_for(0ns);
    }

    void expect_served() {
        for (int i = 1; i <= 3; ++i) {
            const int read_before = reads, signalled_before = signalled;
            int posted = 0, fired = 0;
            conformance::write(pair.far, "x");
            std::thread poster([&, to = loop->poster()] { EXPECT_FALSE(to.post([&] { ++posted; })); });
            const auto timer = loop->after(1ms, [&] { ++fired; });
            raise(SIGUSR1);
            EXPECT_TRUE(turn_until(
                *loop, [&] { return reads > read_before && signalled > signalled_before && posted > 0 && fired > 0; }))
                << reads << ' ' << signalled << ' ' << posted << ' ' << fired;
            poster.join();
        }
        EXPECT_LE(polls_when_idle(*loop), few);
    }

    Pair pair = make_pair(Kind::local);
    int reads = 0, signalled = 0;
    std::optional<loop::Loop> loop;
    loop::Watcher watcher;
    loop::SignalWatcher signals;
};

std::optional<Poll> static_poll; // exit() destroys it

REPORTED_BUG(
    forks_a_child_that_exits, "pgagroal/pgagroal#750, OpenSmalltalk/opensmalltalk-vm#552",
    "A child of a program with a loop leaves by exit(), which destroys the copy of the loop: this removes the "
    "sources from the kernel's set, which parent and child share, and events of the parent's connections are lost.") {
    static_poll.emplace(request(backend));
    const auto pair = make_pair(Kind::local);
    EXPECT_FALSE(static_poll->registrator().add(pair.near.get(), {Token{1}, Ready::readable, Mode::level}));
    Events events;
    EXPECT_FALSE(static_poll->poll(events, 0ns));
    const auto child = fork_child([] { std::exit(testing::Test::HasFailure() ? 1 : 0); });
    EXPECT_EQ(outcome_of(child), "");
    for (int i = 0; i < 3; ++i) {
        conformance::write(pair.far, "x");
        EXPECT_FALSE(static_poll->poll(events, patience));
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].token, Token{1});
        conformance::drain(pair.near);
    }
    EXPECT_FALSE(static_poll->poll(events, moment));
    EXPECT_TRUE(events.empty());
    EXPECT_FALSE(static_poll->registrator().wake());
    EXPECT_FALSE(static_poll->poll(events, patience));
    EXPECT_EQ(events.size(), 1U);
    static_poll.reset();
}

REPORTED_BUG(returns_from_main_in_a_child, "OpenSmalltalk/opensmalltalk-vm#552",
             "A child returns from main() and destroys the watches, signals and the loop of its parent on the way: the "
             "parent's loop spins or sleeps forever.") {
    Parent parent(backend);
    EXPECT_EQ(in_child([&] {
                  parent.watcher.close();
                  parent.signals.close();
                  parent.loop.reset();
              }),
              "");
    parent.expect_served();
}

REPORTED_BUG(changes_watches_in_a_child, "libuv/libuv#846",
             "A child continues to use the loop of its parent: both change one set in the kernel and take each other's "
             "events.") {
    CheckedPoll checked(backend);
    const auto pair = make_pair(Kind::local), other = make_pair(Kind::local);
    checked.add(pair.near, Ready::readable);
    EXPECT_TRUE(checked.is_quiet());
    EXPECT_EQ(in_child([&] {
                  const auto registrator = checked.poll.registrator();
                  const Watch watch{Token{2}, both, Mode::level};
                  EXPECT_EQ(registrator.add(other.near.get(), watch), std::errc::no_such_process);
                  EXPECT_EQ(registrator.modify(pair.near.get(), watch), std::errc::no_such_process);
                  EXPECT_EQ(registrator.remove(pair.near.get()), std::errc::no_such_process);
                  EXPECT_EQ(registrator.wake(), std::errc::no_such_process);
                  EXPECT_EQ(checked.poll.poll(checked.events, 0ns), std::errc::no_such_process);
              }),
              "");
    EXPECT_TRUE(checked.is_quiet());
    conformance::write(pair.far, "x");
    EXPECT_EQ(checked.next(), Ready::readable);
    conformance::drain(pair.near);
    EXPECT_TRUE(checked.is_quiet());
}

REPORTED_BUG(
    makes_a_loop_in_each_worker, "xmrig/xmrig#3491, MagicStack/uvloop#39",
    "A server forks workers, which destroy the inherited loop and make their own: the loops of the workers do not "
    "run, or that of the server no longer does.") {
    Parent parent(backend);
    std::vector<pid_t> workers;
    for (int i = 0; i < 3; ++i) {
        workers.push_back(fork_child([&] {
            parent.watcher.close();
            parent.signals.close();
            parent.loop.reset();
            Parent worker(backend);
            worker.expect_served();
        }));
    }
    parent.expect_served();
    for (const auto worker : workers) EXPECT_EQ(outcome_of(worker), "");
    parent.expect_served();
}

REPORTED_BUG(is_daemonized_after_its_loop_was_made, "openpmix/prrte#2540",
             "A program makes its loop and then becomes a daemon by fork(), while its parent exits: the daemon's loop "
             "receives no events.") {
    // The first child is the program, and its child is the daemon, which reports its outcome through a pipe.
    const auto result = make_pair(Kind::pipe);
    const auto program = fork_child([&] {
        Parent parent(backend);
        int ticks = 0;
        auto timer = parent.loop->every(1ms, [&] { ++ticks; });
        const pid_t daemon = fork();
        if (daemon != 0) _exit(0);
        reopen(*parent.loop);
        EXPECT_TRUE(turn_until(*parent.loop, [&] { return ticks > 3; }));
        timer.close();
        if (!testing::Test::HasFailure()) parent.expect_served();
        conformance::write(result.far, testing::Test::HasFailure() ? "n" : "y");
    });
    EXPECT_EQ(outcome_of(program), "");
    ASSERT_TRUE(conformance::wait_for_data(result.near));
    char verdict = 0;
    EXPECT_EQ(::read(result.near, &verdict, 1), 1);
    EXPECT_EQ(verdict, 'y');
}

REPORTED_BUG(
    makes_a_loop_after_a_double_fork, "joyent/libuv#1405",
    "A program uses and closes a loop, becomes a daemon by two forks, and makes a new loop there that watches a "
    "signal: the daemon is aborted, or hangs on a lock of the first loop.") {
    {
        loop::Loop former(request(backend));
        const auto signals = former.on_signal(SIGUSR2, [] {});
        former.run_for(0ns);
    }
    EXPECT_EQ(in_child([&] {
                  EXPECT_EQ(in_child([&] {
                                loop::Loop loop(request(backend));
                                int calls = 0;
                                const auto signals = loop.on_signal(SIGUSR2, [&] { ++calls; });
                                raise(SIGUSR2);
                                EXPECT_TRUE(turn_until(loop, [&] { return calls > 0; }));
                            }),
                            "");
              }),
              "");
}

REPORTED_BUG(
    forks_with_a_signal_pending, "libuv/libuv#3483",
    "A watched signal arrives just before fork(), and the child reopens the loop and closes the watch: the child's "
    "loop never ends, and spins.") {
    Parent parent(backend);
    raise(SIGUSR1);
    EXPECT_EQ(in_child([&] {
                  parent.watcher.close();
                  reopen(*parent.loop);
                  if (testing::Test::HasFailure()) return;
                  EXPECT_LE(polls_when_idle(*parent.loop), few);
                  parent.signals.close();
                  EXPECT_FALSE(parent.loop->run());
              }),
              "");
    EXPECT_TRUE(turn_until(*parent.loop, [&] { return parent.signalled > 0; }));
    parent.expect_served();
}

REPORTED_BUG(
    forks_while_a_thread_is_in_the_handler, "sisshiki1969/monoruby#1358",
    "Another thread is in the handler of a watched signal at the moment of fork(): in the child that handler never "
    "returns, and a destructor that waits for it hangs.") {
    Parent parent(backend);
    std::atomic<bool> is_over = false;
    std::thread raising([&] {
        while (!is_over) pthread_kill(pthread_self(), SIGUSR1);
    });
    for (Rounds rounds(200); rounds.next();) {
        const auto outcome = in_child([&] {
            loop::Loop loop(request(backend));
            const auto signals = loop.on_signal(SIGUSR2, [] {});
        });
        EXPECT_EQ(outcome, "");
        if (!outcome.empty()) break;
    }
    is_over = true;
    raising.join();
    EXPECT_TRUE(turn_until(*parent.loop, [&] { return parent.signalled > 0; }));
    parent.expect_served();
}

REPORTED_BUG(closes_everything_in_a_child, "rakshasa/libtorrent#775",
             "A child closes all inherited descriptors before it executes a program: the parent's set changes, and the "
             "parent's loop spins.") {
    Parent parent(backend);
    for (int round = 0; round < 20; ++round) {
        EXPECT_EQ(in_child([] {
                      for (int descriptor = 3; descriptor < 4096; ++descriptor) ::close(descriptor);
                  }),
                  "");
        conformance::write(parent.pair.far, "x");
        EXPECT_TRUE(turn_until(*parent.loop, [&] { return parent.reads > round; }));
    }
    parent.expect_served();
}

} // namespace
} // namespace pollux::museum
