// SPDX-License-Identifier: BSL-1.0
// Tests of callbacks that throw.
#include "loop_test.hpp"

#include <functional>
#include <stdexcept>

namespace pollux::loop::tests {
namespace {

/// Repeats run() until it returns, or a limit is reached; returns the exceptions that were thrown.
Names run_and_catch(Loop& loop) {
    constexpr std::size_t too_many = 100;
    Names thrown;
    while (thrown.size() < too_many) {
        try {
            EXPECT_FALSE(loop.run());
            break;
        } catch (const std::runtime_error& error) {
            thrown.emplace_back(error.what());
        }
    }
    return thrown;
}

// An exception in any phase leaves run() once; the remaining callbacks are called in order when run() is called again.
RULE(loop, exceptions) {
    for (const std::size_t callbacks : {1U, 3U, 1024U}) {
        SCOPED_TRACE(callbacks);
        Scripted scripted({.callbacks_per_phase = callbacks});
        auto& loop = scripted.loop;
        std::vector<int> timers, posts, watches, deferred;
        std::vector<Timer> all_timers;
        std::vector<Watcher> all_watches;
        Scripted::Reports reports;
        const auto act = [](std::vector<int>& seen, const char* name, int i) {
            seen.push_back(i);
            if (i % 2 == 1) throw std::runtime_error(name + std::to_string(i));
        };
        const auto begin = Clock::now();
        for (int i = 0; i < 4; ++i) {
            all_timers.push_back(loop.at(begin, [&, i] { act(timers, "timer ", i); }));
            EXPECT_FALSE(loop.post([&, i] { act(posts, "post ", i); }));
            EXPECT_FALSE(loop.defer([&, i] { act(deferred, "deferred ", i); }));
            const auto source = static_cast<Source>(i);
            all_watches.push_back(
                loop.watch(source, Ready::readable, Mode::oneshot, [&, i](Ready) { act(watches, "watch ", i); }));
            reports.emplace_back(source, Ready::readable);
        }
        scripted.reports(reports);
        auto thrown = run_and_catch(loop);
        std::sort(thrown.begin(), thrown.end());
        EXPECT_EQ(thrown,
                  (Names{"deferred 1", "deferred 3", "post 1", "post 3", "timer 1", "timer 3", "watch 1", "watch 3"}));
        for (const auto* phase : {&timers, &posts, &watches, &deferred}) EXPECT_EQ(*phase, (std::vector{0, 1, 2, 3}));
        EXPECT_EQ(scripted.sleeps(), 0U);
    }
}

TEST(Exceptions, of_a_refused_watch_and_of_wakes) {
    Scripted scripted;
    auto& loop = scripted.loop;
    scripted.record->result = [](const Change&) { return make_error_code(std::errc::bad_file_descriptor); };
    auto refused = loop.watch(Source{3}, Ready::readable, Mode::level,
                              [](Ready, std::error_code) { throw std::runtime_error("refused"); });
    Names woken;
    WakeWatcher first = loop.on_wake([&] {
        first.close();
        throw std::runtime_error("wake");
    });
    WakeWatcher second = loop.on_wake([&] {
        woken.emplace_back("second");
        second.close();
    });
    scripted.reports({{Scripted::wakes, Ready::none}});
    EXPECT_EQ(run_and_catch(loop), (Names{"refused", "wake"}));
    EXPECT_EQ(woken, Names{"second"});
}

TEST(Exceptions, of_a_callback_that_ends_its_own_handle) {
    Scripted scripted;
    auto& loop = scripted.loop;
    const auto alive = std::make_shared<int>(1);
    Timer timer = loop.at({}, [&, alive] {
        timer.close();
        throw std::runtime_error("timer");
    });
    EXPECT_EQ(run_and_catch(loop), Names{"timer"});
    EXPECT_EQ(alive.use_count(), 1);
}

TEST(Exceptions, of_a_periodic_timer_do_not_end_it) {
    Scripted scripted;
    auto& loop = scripted.loop;
    int calls = 0;
    Timer timer = loop.every(1ns, [&] {
        if (++calls == 3) timer.close();
        throw std::runtime_error("timer");
    });
    EXPECT_EQ(run_and_catch(loop), (Names{"timer", "timer", "timer"}));
}

TEST(Exceptions, of_run_for_leave_no_limit_behind) {
    Scripted scripted;
    auto& loop = scripted.loop;
    EXPECT_FALSE(loop.post([] { throw std::runtime_error("post"); }));
    EXPECT_THROW(loop.run_for(1ns), std::runtime_error);
    int calls = 0;
    auto timer = loop.after(5ms, [&] { ++calls; });
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(calls, 1);
}

} // namespace
} // namespace pollux::loop::tests
