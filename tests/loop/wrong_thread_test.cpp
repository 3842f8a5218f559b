// SPDX-License-Identifier: BSL-1.0
// Tests of calls of a thread that does not run the Loop, which a debug build of the library aborts with one line.
#include "../harness/death.hpp"
#include "loop_test.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <optional>

namespace pollux::loop::tests {
namespace {

using harness::death_by;

/// A LoopOfAnotherThread is a Loop with handles, which another thread runs while act() calls it.
struct LoopOfAnotherThread {
    Loop loop{request(backends().front())};
    conformance::Pair pair = conformance::make_pair(conformance::Kind::tcp);
    Watcher watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
    Timer timer = loop.after(1h, [] {});
    WakeWatcher wakes = loop.on_wake([] {});
    SignalWatcher signals = loop.on_signal(SIGUSR1, [] {});

    /// Makes a call while another thread runs the Loop.
    void act(const std::function<void(LoopOfAnotherThread&)>& action) {
        std::atomic<bool> runs = false;
        std::thread runner([&] {
            static_cast<void>(loop.post([&] { runs = true; }));
            loop.run();
        });
        while (!runs) std::this_thread::yield();
        action(*this);
        static_cast<void>(loop.stop());
        runner.join();
    }
};

/// A WrongCall is a call that is reserved for the thread that runs the Loop.
struct WrongCall {
    const char* name; // in the printed line
    std::function<void(LoopOfAnotherThread&)> act;
};

const std::vector<WrongCall>& wrong_calls() {
    static const std::vector<WrongCall> all{
        {"watch()",
         [](LoopOfAnotherThread& other) {
             (void)other.loop.watch(other.pair.far.get(), Ready::readable, Mode::level, [](Ready) {});
         }},
        {"after()", [](LoopOfAnotherThread& other) { (void)other.loop.after(1s, [] {}); }},
        {"every()", [](LoopOfAnotherThread& other) { (void)other.loop.every(1s, [] {}); }},
        {"at()", [](LoopOfAnotherThread& other) { (void)other.loop.at({}, [] {}); }},
        {"now()", [](LoopOfAnotherThread& other) { (void)other.loop.now(); }},
        {"defer()", [](LoopOfAnotherThread& other) { static_cast<void>(other.loop.defer([] {})); }},
        {"on_signal()", [](LoopOfAnotherThread& other) { (void)other.loop.on_signal(SIGUSR2, [] {}); }},
        {"on_wake()", [](LoopOfAnotherThread& other) { (void)other.loop.on_wake([] {}); }},
        {"metrics()", [](LoopOfAnotherThread& other) { (void)other.loop.metrics(); }},
        {"run()", [](LoopOfAnotherThread& other) { other.loop.run(); }},
        {"run()", [](LoopOfAnotherThread& other) { other.loop.run_for(0ns); }},
        {"run()", [](LoopOfAnotherThread& other) { other.loop.run_one(); }},
        {"Watcher::change()", [](LoopOfAnotherThread& other) { other.watcher.change(both); }},
        {"Watcher::rearm()", [](LoopOfAnotherThread& other) { other.watcher.rearm(); }},
        {"Watcher::error()", [](LoopOfAnotherThread& other) { (void)other.watcher.error(); }},
        {"Handle::close()", [](LoopOfAnotherThread& other) { other.watcher.close(); }},
        {"Handle::close()", [](LoopOfAnotherThread& other) { const Watcher dies(std::move(other.watcher)); }},
        {"Handle::close()", [](LoopOfAnotherThread& other) { other.timer.close(); }},
        {"Handle::close()", [](LoopOfAnotherThread& other) { other.wakes.close(); }},
        {"Handle::close()", [](LoopOfAnotherThread& other) { other.signals.close(); }},
        {"Handle::in_background()", [](LoopOfAnotherThread& other) { other.watcher.in_background(); }},
        {"Handle::in_background()", [](LoopOfAnotherThread& other) { other.timer.in_background(); }},
        {"Timer::rearm()", [](LoopOfAnotherThread& other) { other.timer.rearm(1s); }},
        {"Timer::rearm()", [](LoopOfAnotherThread& other) { other.timer.rearm(Clock::now()); }},
        {"Timer::cancel()", [](LoopOfAnotherThread& other) { other.timer.cancel(); }},
        {"Timer::is_pending()", [](LoopOfAnotherThread& other) { (void)other.timer.is_pending(); }},
        {"Timer::missed()", [](LoopOfAnotherThread& other) { (void)other.timer.missed(); }},
    };
    return all;
}

// A debug build aborts on a call that is reserved for the thread that runs the Loop, with one line that names the call
// and post().
RULE(loop, wrong_thread) {
#ifdef NDEBUG
    EXPECT_FALSE(wrong_calls().empty()); // a release build does not check
#else
    for (const auto& wrong : wrong_calls()) {
        SCOPED_TRACE(wrong.name);
        const auto death = death_by([&] { LoopOfAnotherThread().act(wrong.act); });
        EXPECT_EQ(death.signal, SIGABRT);
        EXPECT_TRUE(contains(death.error_output,
                             "pollux::loop::Loop: " + std::string(wrong.name) + " was called by another thread"))
            << death.error_output;
        EXPECT_TRUE(contains(death.error_output, "post()"));
        EXPECT_EQ(std::count(death.error_output.begin(), death.error_output.end(), '\n'), 1) << death.error_output;
    }
#endif
}

TEST(WrongThread, does_not_include_threads_that_post_stop_or_keep_alive) {
    const auto death = death_by([] {
        LoopOfAnotherThread().act([](LoopOfAnotherThread& other) {
            static_cast<void>(other.loop.post([] {}));
            auto keep_alive = other.loop.keep_alive();
            static_cast<void>(other.loop.poster().wake());
            static_cast<void>(keep_alive.close());
            static_cast<void>(other.loop.stop());
        });
    });
    EXPECT_EQ(death.signal, 0) << death.error_output;
    EXPECT_EQ(death.error_output, "");
}

TEST(WrongThread, is_none_while_the_loop_is_not_run) {
    const auto death = death_by([] {
        LoopOfAnotherThread other;
        for (int i = 0; i < 3; ++i) {
            std::thread([&] {
                other.watcher.change(both);
                other.timer.rearm(1h);
                other.loop.run_for(0ns);
            }).join();
            other.watcher.change(Ready::readable);
            other.loop.run_for(0ns);
        }
    });
    EXPECT_EQ(death.signal, 0) << death.error_output;
    EXPECT_EQ(death.error_output, "");
}

// The threads of the parent do not exist in a forked child: the child may call a Loop that another thread runs in the
// parent.
TEST(WrongThread, does_not_include_threads_of_the_parent) {
    const auto death = death_by([] {
        LoopOfAnotherThread().act([](LoopOfAnotherThread& other) {
            const auto grandchild = death_by([&] {
                other.timer.rearm(1h);
                other.watcher.change(both);
                other.watcher.close();
            });
            EXPECT_EQ(grandchild.signal, 0) << grandchild.error_output;
            std::fputs(grandchild.error_output.c_str(), stderr);
        });
    });
    EXPECT_EQ(death.signal, 0) << death.error_output;
    EXPECT_EQ(death.error_output, "");
}

} // namespace
} // namespace pollux::loop::tests
