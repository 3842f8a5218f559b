// SPDX-License-Identifier: BSL-1.0
// Signals that the program, the loop or both handle, and system calls that are interrupted without a signal.
#include "museum.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <optional>
#include <thread>

#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pollux::museum {
namespace {

std::atomic<int> handled = 0;
extern "C" void count_signal(int) { ++handled; }

/// A RepeatedSignal sends a signal to the thread that constructs it, every 50 us while it exists.
class RepeatedSignal {
  public:
    explicit RepeatedSignal(int signal)
        : sender_([this, signal, to = pthread_self()] {
              while (!is_over_) {
                  pthread_kill(to, signal);
                  std::this_thread::sleep_for(50us);
              }
          }) {}
    ~RepeatedSignal() {
        is_over_ = true;
        sender_.join();
    }
    RepeatedSignal(const RepeatedSignal&) = delete;
    RepeatedSignal& operator=(const RepeatedSignal&) = delete;

  private:
    std::atomic<bool> is_over_ = false;
    std::thread sender_;
};

REPORTED_BUG(replaces_the_handler_of_the_program, "netdata/netdata#9107, libuv/libuv#2435",
             "A program has a signal handler, and a loop in the same process watches the same signal for a while: the "
             "program's handler is lost, or restored without its flags.") {
    const SignalHandler handler(SIGUSR2, count_signal, SA_RESTART | SA_NODEFER);
    struct sigaction before {};
    sigaction(SIGUSR2, nullptr, &before);
    for (int round = 0; round < 3; ++round) {
        loop::Loop loop(request(backend));
        int calls = 0;
        auto first = loop.on_signal(SIGUSR2, [&] { ++calls; }), second = loop.on_signal(SIGUSR2, [] {});
        raise(SIGUSR2);
        EXPECT_TRUE(turn_until(loop, [&] { return calls > 0; }));
        first.close();
        second.close();
        struct sigaction after {};
        sigaction(SIGUSR2, nullptr, &after);
        EXPECT_EQ(after.sa_handler, before.sa_handler);
        EXPECT_EQ(after.sa_flags, before.sa_flags);
        handled = 0;
        raise(SIGUSR2);
        EXPECT_EQ(handled, 1);
    }
}

REPORTED_BUG(
    gets_a_signal_between_two_watchers, "libuv/libuv#2415, libuv/libuv#2398",
    "A watcher of a signal ends with the signal still pending, and another begins: the loop never ends, or calls "
    "the new watcher for the old signal.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    for (int round = 0; round < 200; ++round) {
        int former_calls = 0, calls = 0;
        auto former = loop.on_signal(SIGUSR1, [&] { ++former_calls; });
        raise(SIGUSR1);
        former.close();
        loop::SignalWatcher watcher = loop.on_signal(SIGUSR1, [&] {
            ++calls;
            watcher.close();
        });
        loop.run_for(0ns);
        loop.run_for(0ns);
        EXPECT_EQ(calls, 0);
        raise(SIGUSR1);
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(former_calls, 0);
    }
}

REPORTED_BUG(
    watches_a_signal_once_and_again, "libuv/help#159, libuv/libuv#1104",
    "The callback of an interrupt ends its watch and begins the next one: the second interrupt arrives in between "
    "and ends the process.") {
    EXPECT_EQ(in_child([&] {
                  loop::Loop loop(request(backend));
                  int calls = 0;
                  std::vector<loop::SignalWatcher> watchers;
                  const std::function<void()> next = [&] {
                      if (++calls == 50) return static_cast<void>(loop.stop());
                      // The new watcher first, so that the signal is always watched.
                      watchers.push_back(loop.on_signal(SIGINT, next));
                      watchers[watchers.size() - 2].close();
                      raise(SIGINT);
                  };
                  watchers.push_back(loop.on_signal(SIGINT, next));
                  raise(SIGINT);
                  EXPECT_TRUE(loop.run());
                  EXPECT_EQ(calls, 50);
              }),
              "");
}

std::optional<PollRegistrator> of_handler;
std::optional<loop::Loop> loop_of_handler;
extern "C" void wake_poll(int) { static_cast<void>(of_handler->wake()); }
extern "C" void stop_loop(int) { static_cast<void>(loop_of_handler->stop()); }

constexpr Exclusion in_handlers[] = {
    {"asio", "its wake() allocates memory, which no signal handler may; no rule promises more"},
    {"io_uring",
     "under ThreadSanitizer, which calls a handler when the thread leaves a function of the C library: the system "
     "calls of io_uring are none, so that the handler does not run while the thread sleeps",
     under_thread_sanitizer},
};

REPORTED_BUG(wakes_from_a_handler, "jmc-88/tint3#12",
             "A signal handler wakes the waiting loop: it takes a lock that the interrupted thread holds, and hangs.",
             in_handlers) {
    CheckedPoll checked(backend);
    of_handler = checked.poll.registrator();
    const SignalHandler handler(SIGUSR2, wake_poll);
    for (int round = 0; round < 50; ++round) {
        std::thread sender([waiting = conformance::thread_number(), to = pthread_self()] {
            conformance::wait_until_asleep(waiting, [] { return false; });
            pthread_kill(to, SIGUSR2);
        });
        EXPECT_EQ(checked.next(wake_token), Ready::none);
        sender.join();
    }
    of_handler.reset();
}

REPORTED_BUG(stops_from_a_handler, "alexcrichton/tokio-signal#4",
             "A signal handler stops the sleeping loop: the flag is set, and the loop continues to sleep.",
             in_handlers) {
    loop_of_handler.emplace(request(backend));
    const SignalHandler handler(SIGUSR2, stop_loop, SA_RESTART);
    const auto keep_alive = loop_of_handler->keep_alive();
    for (int round = 0; round < 50; ++round) {
        const Watchdog watchdog(*loop_of_handler);
        const Asleep asleep(*loop_of_handler);
        std::thread sender([&, to = pthread_self()] {
            asleep.wait();
            pthread_kill(to, SIGUSR2);
        });
        EXPECT_TRUE(loop_of_handler->run());
        sender.join();
    }
    loop_of_handler.reset();
}

REPORTED_BUG(
    receives_a_signal_while_it_ends_its_watch, "libuv/libuv#3755",
    "The callback of a signal ends its watch, and the signal has arrived again meanwhile: the end waits for an "
    "event that is never delivered, and the loop spins instead of returning.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    for (int round = 0; round < 50; ++round) {
        int calls = 0;
        loop::SignalWatcher watcher = loop.on_signal(SIGUSR1, [&] {
            ++calls;
            raise(SIGUSR1);
            watcher.close();
        });
        raise(SIGUSR1);
        ASSERT_FALSE(loop.run());
        ASSERT_EQ(calls, 1);
    }
    EXPECT_LE(polls_when_idle(loop), few);
}

REPORTED_BUG(
    is_interrupted_every_50_microseconds, "e-dant/watcher#76",
    "A profiler interrupts the waiting thread every 50 microseconds: the loop reports errors, returns early, or "
    "makes no progress.") {
    const SignalHandler handler(SIGUSR2, count_signal); // without SA_RESTART: each interrupts a system call
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    const auto pair = make_pair(Kind::pipe);
    int reads = 0, fired = 0;
    auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) {
        ++reads;
        conformance::drain(pair.near);
    });
    const auto begin = loop::tests::Clock::now();
    const auto timer = loop.every(2ms, [&] {
        ++fired;
        EXPECT_GE(loop::tests::Clock::now() - begin, 2ms * fired);
        conformance::write(pair.far, "x");
    });
    handled = 0;
    const RepeatedSignal storm(SIGUSR2);
    EXPECT_TRUE(turn_until(loop, [&] { return reads >= 20 && fired >= 20 && handled >= 100; }));
    CheckedPoll checked(backend);
    EXPECT_TRUE(checked.is_quiet());
}

REPORTED_BUG(is_stopped_and_continued, "axboe/fio#816",
             "The waiting process is stopped and continued, as by a debugger: the wait ends with EINTR as an error.") {
    const auto ready = make_pair(Kind::pipe), data = make_pair(Kind::local), result = make_pair(Kind::pipe);
    const auto child = fork_child([&] {
        CheckedPoll checked(backend);
        checked.add(data.near, Ready::readable);
        conformance::write(ready.far, "x");
        EXPECT_EQ(checked.next(), Ready::readable);
        conformance::write(result.far, "x");
    });
    EXPECT_TRUE(conformance::wait_for_data(ready.near));
    for (int round = 0; round < 5; ++round) {
        kill(child, SIGSTOP);
        int status = 0;
        EXPECT_EQ(waitpid(child, &status, WUNTRACED), child);
        EXPECT_TRUE(WIFSTOPPED(status));
        if (!WIFSTOPPED(status)) return;
        kill(child, SIGCONT);
        std::this_thread::sleep_for(2ms); // mostly asleep again; both cases are valid
    }
    conformance::write(data.far, "x");
    EXPECT_EQ(outcome_of(child), "");
    EXPECT_TRUE(conformance::wait_for_data(result.near));
}

REPORTED_BUG(
    interrupts_the_calls_of_callbacks, "axboe/liburing#504, ceph/ceph#38901",
    "A callback makes a blocking system call while events arrive for the loop: the call fails with EINTR, although "
    "no signal was sent.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    const auto trigger = make_pair(Kind::local);
    std::vector<Pair> pairs;
    std::vector<loop::Watcher> watchers;
    for (int i = 0; i < 10; ++i) {
        pairs.push_back(make_pair(Kind::local));
        watchers.push_back(loop.watch(pairs.back().near.get(), Ready::readable, Mode::level,
                                      [source = pairs.back().near.get()](Ready) { conformance::drain(source); }));
    }
    const auto quiet = make_pair(Kind::local);
    int calls = 0, interrupted = 0;
    auto watcher = loop.watch(trigger.near.get(), Ready::readable, Mode::level, [&](Ready) {
        ++calls;
        conformance::drain(trigger.near);
        std::atomic<bool> is_over = false;
        std::thread writer([&] {
            while (!is_over) {
                for (const auto& pair : pairs) conformance::write(pair.far, "x");
                std::this_thread::sleep_for(100us);
            }
        });
        pollfd waited{quiet.near, POLLIN, 0};
        for (int i = 0; i < 10; ++i) interrupted += ::poll(&waited, 1, 2) == -1 ? 1 : 0;
        is_over = true;
        writer.join();
    });
    for (int round = 1; round <= 3; ++round) {
        conformance::write(trigger.far, "x");
        EXPECT_TRUE(turn_until(loop, [&] { return calls == round; }));
    }
    EXPECT_EQ(interrupted, 0);
}

} // namespace
} // namespace pollux::museum
