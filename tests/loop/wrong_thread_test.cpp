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

/// All wrong calls, with objects that are made before a thread runs the Loop.
struct Victim {
    Loop loop{request(backends().front())};
    conformance::Pair pair = conformance::make_pair(conformance::Kind::tcp);
    Watcher watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
    Timer timer = loop.after(1h, [] {});
    WakeWatcher wakes = loop.on_wake([] {});
    SignalWatcher signals = loop.on_signal(SIGUSR1, [] {});

    /// Makes the call while another thread runs the Loop.
    void act(const std::function<void(Victim&)>& action) {
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

struct Wrong {
    const char* name; // in the printed line
    std::function<void(Victim&)> act;
};

const std::vector<Wrong>& wrongs() {
    static const std::vector<Wrong> all{
        {"watch()",
         [](Victim& v) { (void)v.loop.watch(v.pair.far.get(), Ready::readable, Mode::level, [](Ready) {}); }},
        {"after()", [](Victim& v) { (void)v.loop.after(1s, [] {}); }},
        {"every()", [](Victim& v) { (void)v.loop.every(1s, [] {}); }},
        {"at()", [](Victim& v) { (void)v.loop.at({}, [] {}); }},
        {"now()", [](Victim& v) { (void)v.loop.now(); }},
        {"defer()", [](Victim& v) { static_cast<void>(v.loop.defer([] {})); }},
        {"on_signal()", [](Victim& v) { (void)v.loop.on_signal(SIGUSR2, [] {}); }},
        {"on_wake()", [](Victim& v) { (void)v.loop.on_wake([] {}); }},
        {"metrics()", [](Victim& v) { (void)v.loop.metrics(); }},
        {"run()", [](Victim& v) { v.loop.run(); }},
        {"run()", [](Victim& v) { v.loop.run_for(0ns); }},
        {"run()", [](Victim& v) { v.loop.run_one(); }},
        {"Watcher::change()", [](Victim& v) { v.watcher.change(both); }},
        {"Watcher::rearm()", [](Victim& v) { v.watcher.rearm(); }},
        {"Watcher::error()", [](Victim& v) { (void)v.watcher.error(); }},
        {"Handle::close()", [](Victim& v) { v.watcher.close(); }},
        {"Handle::close()", [](Victim& v) { const Watcher dies(std::move(v.watcher)); }},
        {"Handle::close()", [](Victim& v) { v.timer.close(); }},
        {"Handle::close()", [](Victim& v) { v.wakes.close(); }},
        {"Handle::close()", [](Victim& v) { v.signals.close(); }},
        {"Handle::in_background()", [](Victim& v) { v.watcher.in_background(); }},
        {"Handle::in_background()", [](Victim& v) { v.timer.in_background(); }},
        {"Timer::rearm()", [](Victim& v) { v.timer.rearm(1s); }},
        {"Timer::rearm()", [](Victim& v) { v.timer.rearm(Clock::now()); }},
        {"Timer::cancel()", [](Victim& v) { v.timer.cancel(); }},
        {"Timer::is_pending()", [](Victim& v) { (void)v.timer.is_pending(); }},
        {"Timer::missed()", [](Victim& v) { (void)v.timer.missed(); }},
    };
    return all;
}

// A debug build aborts on a call that is reserved for the thread that runs the Loop, with one line that names the call
// and post().
RULE(loop, wrong_thread) {
#ifdef NDEBUG
    EXPECT_FALSE(wrongs().empty()); // a release build does not check
#else
    for (const auto& wrong : wrongs()) {
        SCOPED_TRACE(wrong.name);
        const auto death = death_by([&] { Victim().act(wrong.act); });
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
        Victim().act([](Victim& victim) {
            static_cast<void>(victim.loop.post([] {}));
            auto keep_alive = victim.loop.keep_alive();
            static_cast<void>(victim.loop.poster().wake());
            static_cast<void>(keep_alive.close());
            static_cast<void>(victim.loop.stop());
        });
    });
    EXPECT_EQ(death.signal, 0) << death.error_output;
    EXPECT_EQ(death.error_output, "");
}

TEST(WrongThread, is_none_while_the_loop_is_not_run) {
    const auto death = death_by([] {
        Victim victim;
        for (int i = 0; i < 3; ++i) {
            std::thread([&] {
                victim.watcher.change(both);
                victim.timer.rearm(1h);
                victim.loop.run_for(0ns);
            }).join();
            victim.watcher.change(Ready::readable);
            victim.loop.run_for(0ns);
        }
    });
    EXPECT_EQ(death.signal, 0) << death.error_output;
    EXPECT_EQ(death.error_output, "");
}

// The threads of the parent do not exist in a forked child: the child may call a Loop that another thread runs in the
// parent.
TEST(WrongThread, does_not_include_threads_of_the_parent) {
    const auto death = death_by([] {
        Victim().act([](Victim& victim) {
            const auto grandchild = death_by([&] {
                victim.timer.rearm(1h);
                victim.watcher.change(both);
                victim.watcher.close();
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
