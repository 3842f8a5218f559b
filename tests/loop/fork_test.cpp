// SPDX-License-Identifier: BSL-1.0
// Tests of a Loop in the parent and in the child of fork().
#include "../harness/child.hpp"
#include "loop_test.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include <spawn.h>
#include <unistd.h>

extern char** environ; // NOLINT(readability-redundant-declaration): some systems declare it nowhere

namespace pollux::loop::tests {
namespace {

using harness::run_in_child;

void drain(Source source) {
    std::array<char, 16> bytes{};
    EXPECT_GT(read(source, bytes.data(), bytes.size()), 0);
}

/// Does not use run_one(), which may sleep after it has called a timer or a post.
void run_until(Loop& loop, const auto& is_over) {
    const auto end = Clock::now() + patience;
    while (!is_over() && Clock::now() < end) loop.run_for(2ms);
    EXPECT_TRUE(is_over());
}

/// A Parent has a Loop with a watch, and checks after a fork(2) that it still works.
class Parent {
  public:
    explicit Parent(const std::string& backend) : loop_(std::in_place, request(backend)) {
        watcher_ = loop_->watch(pipe_.reader(), Ready::readable, Mode::level, [this](Ready) {
            drain(pipe_.reader());
            ++calls_;
        });
        timer_ = loop_->every(1h, [] {});
        signals_ = loop_->on_signal(SIGTERM, [this] { ++signals_seen_; });
        loop_->run_for(1ms);
    }

    Loop& loop() { return *loop_; }
    Watcher& watcher() { return watcher_; }
    void destroy() { loop_.reset(); }
    const Pipe& pipe() const { return pipe_; }
    int signals_seen() const { return signals_seen_; }

    void expect_works() {
        const auto before = calls_;
        pipe_.write();
        const Watchdog watchdog(*loop_);
        while (calls_ == before && !::testing::Test::HasFailure()) loop_->run_one();
        EXPECT_EQ(calls_, before + 1);
        const auto turns = loop_->metrics().turns;
        loop_->run_for(20ms);
        EXPECT_LT(loop_->metrics().turns - turns, 20U) << "it sleeps";
        const auto signals = signals_seen_;
        std::raise(SIGTERM);
        while (signals_seen_ == signals && !::testing::Test::HasFailure()) loop_->run_one();
        EXPECT_EQ(signals_seen_, signals + 1);
    }

  private:
    Pipe pipe_;
    std::optional<Loop> loop_;
    Watcher watcher_;
    Timer timer_;
    SignalWatcher signals_;
    int calls_ = 0;
    int signals_seen_ = 0;
};

// In a forked child run() is refused before reopen(), and no other call, destruction or exit of the child changes the
// parent's Loop.
RULE(loop, forked) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Parent parent(backend);
        const auto expect_refusal = [&](auto&& run) {
            try {
                run();
                ADD_FAILURE() << "it ran";
            } catch (const std::system_error& error) {
                EXPECT_EQ(error.code(), std::errc::no_such_process);
                EXPECT_NE(std::string(error.what()).find("reopen()"), std::string::npos) << error.what();
            }
        };
        run_in_child([&] {
            expect_refusal([&] { parent.loop().run(); });
            expect_refusal([&] { parent.loop().run_one(); });
            expect_refusal([&] { parent.loop().run_for(0ns); });
        });
        parent.expect_works();
        run_in_child([&] { parent.watcher().close(); });
        parent.expect_works();
        run_in_child([&] { parent.destroy(); });
        parent.expect_works();
        run_in_child([&] {
            parent.watcher().change(both);
            std::raise(SIGTERM); // writes to no socket of the parent
            static_cast<void>(parent.loop().stop());
            static_cast<void>(parent.loop().post([] {}));
            parent.destroy();
        });
        parent.expect_works();
        run_in_child([&] { // a server that forks first, whose children make their own Loops
            parent.destroy();
            Parent own(backend);
            own.expect_works();
        });
        parent.expect_works();
        run_in_child([&] { // a daemon forks twice, and continues in the grandchild
            run_in_child([&] {
                ASSERT_FALSE(parent.loop().reopen());
                parent.expect_works();
            });
        });
        parent.expect_works();
        pid_t spawned = -1;
        std::array<char, 5> program{"true"};
        std::array<char*, 2> arguments{program.data(), nullptr};
        ASSERT_EQ(posix_spawnp(&spawned, "true", nullptr, nullptr, arguments.data(), environ), 0);
        int status = -1;
        EXPECT_EQ(waitpid(spawned, &status, 0), spawned);
        parent.expect_works();
    }
}

TEST(LoopFork, exit_in_a_child_destroys_what_is_static) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        static std::optional<Parent> parent;
        parent.emplace(backend);
        const pid_t child = fork();
        if (child == 0) {
            alarm(120);
            std::fclose(stdout); // discards the output of GoogleTest at exit
            std::exit(0);
        }
        int status = -1;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status)) << status;
        parent->expect_works();
        parent.reset();
    }
}

// After reopen() in a child its watches, including spent and paused ones, timers, posts, signals and wakes work, and
// those of the parent are undisturbed.
RULE(loop, reopen_in_child) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Parent parent(backend);
        auto& loop = parent.loop();
        const Pipe once, paused, late;
        int spent = 0, timers = 0, posts = 0, quiet = 0, wakes = 0;
        auto spends = loop.watch(once.reader(), Ready::readable, Mode::oneshot, [&](Ready) { ++spent; });
        auto pauses = loop.watch(paused.reader(), Ready::none, Mode::level, [&](Ready) { ++quiet; });
        auto timer = loop.after(50ms, [&] { ++timers; });
        auto woken = loop.on_wake([&] { ++wakes; });
        const auto poster = loop.poster();
        once.write();
        paused.write();
        run_until(loop, [&] { return spent != 0; });
        EXPECT_FALSE(loop.post([&] { ++posts; }));
        run_in_child([&] {
            std::raise(SIGTERM);                               // before run(): not lost
            const auto posted = poster.post([&] { ++posts; }); // no error if it shares a pending wake of the parent
            EXPECT_TRUE(!posted || posted == std::errc::no_such_process) << posted.message();
            ASSERT_FALSE(loop.reopen());
            const Watchdog watchdog(loop);
            run_until(loop, [&] { return !(parent.signals_seen() == 0); });
            run_until(loop, [&] { return !(posts < 2); });
            run_until(loop, [&] { return !(timers == 0); });
            EXPECT_EQ(spent, 1);
            parent.expect_works();
            spends.change(Ready::readable);
            run_until(loop, [&] { return !(spent < 2); });
            pauses.change(Ready::readable, Mode::oneshot);
            run_until(loop, [&] { return !(quiet == 0); });
            int calls = 0;
            auto added = loop.watch(late.reader(), Ready::readable, Mode::level, [&](Ready) {
                ++calls;
                drain(late.reader());
            });
            late.write();
            run_until(loop, [&] { return !(calls == 0); });
            std::thread other([&] { EXPECT_FALSE(poster.post([&] { ++calls; })); });
            run_until(loop, [&] { return !(calls < 2); });
            other.join();
            parent.watcher().close();
            parent.destroy();
            EXPECT_EQ(poster.wake(), canceled);
        });
        const auto wakes_before = wakes;
        parent.expect_works();
        EXPECT_EQ(parent.signals_seen(), 1) << "not the child's";
        run_until(loop, [&] { return timers != 0; });
        EXPECT_EQ(posts, 1) << "not the child's";
        EXPECT_EQ(spent, 1);
        EXPECT_EQ(quiet, 0);
        EXPECT_LE(wakes, wakes_before + 1);
    }
}

// Events that the parent had received and not handled at fork() are reported to the child again: each watch is called
// exactly once in each process.
TEST(LoopFork, in_a_callback) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        std::array<Pipe, 3> pipes;
        std::array<int, 3> calls{};
        std::vector<Watcher> watchers;
        const auto all = [&] { return calls[0] + calls[1] + calls[2]; };
        const pid_t parent = getpid();
        int status = -1;
        for (std::size_t i = 0; i < pipes.size(); ++i) {
            watchers.push_back(loop.watch(pipes[i].reader(), Ready::readable, Mode::oneshot, [&, i](Ready) {
                ++calls.at(i);
                if (getpid() != parent || all() != 1) return;
                const auto child = fork();
                if (child == 0) {
                    alarm(120);
                    EXPECT_FALSE(loop.reopen());
                } else {
                    EXPECT_EQ(waitpid(child, &status, 0), child);
                }
            }));
            pipes[i].write();
        }
        run_until(loop, [&] { return !(all() < 3); });
        loop.run_for(1ms);
        if (getpid() != parent) _exit(calls == std::array{1, 1, 1} ? 0 : 1);
        EXPECT_EQ(status, 0) << "of the child";
        EXPECT_EQ(calls, (std::array{1, 1, 1}));
    }
}

// reopen() is refused while another thread runs the Loop, and in a child that was forked meanwhile; the child can
// destroy the Loop.
RULE(loop, reopen_busy) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto loop = std::make_unique<Loop>(request(backend));
        auto keep_alive = loop->keep_alive();
        std::atomic<bool> runs = false;
        EXPECT_FALSE(loop->defer([&] { runs = true; }));
        std::thread other([&] { EXPECT_FALSE(loop->run()); });
        while (!runs) std::this_thread::yield();
        EXPECT_EQ(loop->reopen(), std::errc::device_or_resource_busy);
        run_in_child([&] {
            EXPECT_EQ(loop->reopen(), std::errc::device_or_resource_busy);
            loop.reset();
        });
        EXPECT_FALSE(keep_alive.close());
        other.join();
        EXPECT_FALSE(loop->reopen());
    }
}

// Threads post and raise signals while others fork: each child makes and destroys a Loop of its own.
TEST(LoopFork, of_several_threads_beside_a_running_loop) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        std::atomic<bool> over = false;
        std::atomic<int> calls = 0, forking = 2;
        std::thread posts([&, poster = loop.poster(), keep_alive = loop.keep_alive()] {
            while (!over) {
                static_cast<void>(poster.post([&] { ++calls; }));
                std::this_thread::yield();
            }
        });
        std::vector<std::thread> forks;
        for (int i = 0; i < 2; ++i) {
            forks.emplace_back([&] {
                for (int round = 0; round < 25; ++round) {
                    const pid_t child = fork();
                    if (child == 0) {
                        alarm(120);
                        bool is_called = false;
                        {
                            Loop own(request(backend));
                            static_cast<void>(own.post([&] { is_called = true; }));
                            own.run();
                        }
                        _exit(is_called ? 0 : 1);
                    }
                    int status = -1;
                    EXPECT_EQ(waitpid(child, &status, 0), child);
                    EXPECT_EQ(status, 0);
                }
                if (--forking == 0) over = true;
            });
        }
        EXPECT_FALSE(loop.run());
        for (auto& thread : forks) thread.join();
        posts.join();
        EXPECT_GT(calls, 0);
    }
}

// A thread raises a watched signal continuously, so that most children are forked while a handler runs, or while
// handlers are counted: none of them hangs.
TEST(LoopFork, beside_a_storm_of_signals) {
    Loop loop(request(backends().front()));
    auto watcher = loop.on_signal(SIGUSR1, [] {});
    std::atomic<bool> over = false;
    std::thread storm([&] {
        while (!over) std::raise(SIGUSR1);
    });
    for (int round = 0; round < 1000; ++round) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(120);
            {
                Loop own(request(backends().front()));
                auto signals = own.on_signal(SIGUSR2, [] {});
            }
            _exit(0);
        }
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_EQ(status, 0) << "in round " << round;
    }
    over = true;
    storm.join();
}

} // namespace
} // namespace pollux::loop::tests
