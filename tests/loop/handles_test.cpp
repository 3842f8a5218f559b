// SPDX-License-Identifier: BSL-1.0
// Tests of the destruction and moves of handles.
#include "loop_test.hpp"

#include <csignal>
#include <optional>

namespace pollux::loop::tests {
namespace {

// A handle that outlives its Loop is empty: its callback has been destroyed, and its calls do nothing.
RULE(handle, outlives_loop) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        const Pipe pipe;
        const auto owned = std::make_shared<int>(1);
        std::optional<Loop> loop(std::in_place, request(backend));
        auto watcher = loop->watch(pipe.reader(), Ready::readable, Mode::level, [owned](Ready) {});
        auto timer = loop->after(1h, [owned] {});
        auto signal = loop->on_signal(SIGTERM, [owned] {});
        auto wakes = loop->on_wake([owned] {});
        auto ended = loop->after(1h, [owned] {});
        ended.close();
        loop->run_for(0ns);
        EXPECT_FALSE(loop->post([owned] {}));
        EXPECT_FALSE(loop->defer([owned] {}));
        EXPECT_TRUE(watcher && timer && signal && wakes && !ended);
        EXPECT_EQ(owned.use_count(), 7);
        loop.reset();
        EXPECT_EQ(owned.use_count(), 1);
        EXPECT_FALSE(watcher || timer || signal || wakes);
        watcher.change(both);
        watcher.rearm();
        EXPECT_EQ(watcher.error(), canceled);
        timer.rearm(1s);
        timer.rearm(Clock::now());
        timer.cancel();
        EXPECT_FALSE(timer.is_pending());
        EXPECT_EQ(timer.missed(), 0U);
        timer.in_background();
        signal.close();
        auto moved = std::move(wakes);
    }
}

TEST(Handles, of_callbacks_that_own_handles_of_the_same_loop) {
    Scripted scripted;
    std::optional<Loop> loop(std::in_place,
                             std::make_unique<harness::ScriptedSelector>(
                                 scripted.record, [](std::size_t) { return harness::ScriptedSelector::Answer{}; }));
    const auto inner = std::make_shared<Timer>(loop->after(1h, [] {}));
    auto outer = loop->watch(Source{3}, Ready::readable, Mode::level, [inner](Ready) {});
    auto late = loop->after(1h, [keeps = std::make_shared<Watcher>(std::move(outer))] {});
    loop.reset();
    EXPECT_FALSE(*inner);
    EXPECT_TRUE(scripted.record->destroyed);
}

// A callback may destroy or replace its own handle and those of other callbacks, including those that are to be called
// in the same phase.
RULE(handle, destroyed_in_callback) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        const Pipe one, two;
        one.write();
        two.write();
        const auto owned = std::make_shared<int>(1);
        std::optional<Watcher> first, second;
        std::optional<Timer> timer, other;
        int calls = 0;
        const auto watch = [&](std::optional<Watcher>& own, std::optional<Watcher>& others) {
            return [&, owned](Ready) {
                ++calls;
                own.reset();
                others.reset();
                EXPECT_GE(owned.use_count(), 1) << "still there in its own call";
            };
        };
        first = loop.watch(one.reader(), Ready::readable, Mode::level, watch(first, second));
        second = loop.watch(two.reader(), Ready::readable, Mode::level, watch(second, first));
        timer = loop.at({}, [&, owned] {
            ++calls;
            other.reset();
            timer = loop.after(0ns, [&, owned] {
                ++calls;
                timer.reset();
            });
        });
        other = loop.at({}, [&] { ADD_FAILURE() << "it was destroyed"; });
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(calls, 3) << "one of the watches, and both timers";
        EXPECT_EQ(owned.use_count(), 1);
        EXPECT_FALSE(timer || first || second);
    }
}

TEST(Handles, of_many_that_end_in_a_turn) {
    Loop loop(request(backends().front()));
    const Watchdog watchdog(loop);
    const auto owned = std::make_shared<int>(1);
    for (int round = 0; round < 3; ++round) { // in the first round there are no slots to be reused
        constexpr std::size_t many = 1000;
        const auto closed = loop.metrics().closed;
        std::vector<Timer> timers;
        for (std::size_t i = 0; i < many; ++i) timers.push_back(loop.after(1h, [owned] {}));
        static_cast<void>(loop.post([&] {
            timers.clear();
            EXPECT_EQ(owned.use_count(), 1 + static_cast<long>(many)) << "still there in a callback";
        }));
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(owned.use_count(), 1);
        EXPECT_EQ(loop.metrics().closed - closed, many);
    }
}

TEST(Handles, are_moved) {
    Scripted scripted;
    auto& loop = scripted.loop;
    int calls = 0;
    std::vector<Watcher> watchers;
    for (int i = 0; i < 100; ++i) // moved as the vector grows
        watchers.push_back(loop.watch(static_cast<Source>(i), Ready::readable, Mode::level, [&](Ready) { ++calls; }));
    scripted.turn();
    EXPECT_EQ(loop.metrics().watches, 100U);
    std::swap(watchers[0], watchers[1]);
    auto& own = watchers[2];
    auto& same = own;
    own = std::move(same);
    EXPECT_TRUE(own);
    watchers[3] = std::move(watchers[4]);
    EXPECT_EQ(loop.metrics().watches, 99U);
    watchers[0].close();
    scripted.changes();
    scripted.reports({{Source{0}, Ready::readable}, {Source{1}, Ready::readable}, {Source{4}, Ready::readable}});
    scripted.turn();
    EXPECT_EQ(calls, 2);
    watchers.clear();
    EXPECT_EQ(loop.metrics().watches, 0U);
    EXPECT_EQ(scripted.changes().size(), 98U);
}

TEST(Handles, of_a_source_that_its_callback_owns) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        auto pair = conformance::make_pair(conformance::Kind::tcp);
        Watcher watcher;
        const auto source = pair.near.get();
        watcher = loop.watch(source, Ready::readable, Mode::level, [&, socket = std::move(pair.near)](Ready) {
            EXPECT_EQ(conformance::read(socket).bytes, 1U);
            watcher.close(); // the socket is closed in phase close, after it was removed from the backend
        });
        conformance::write(pair.far, "x");
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(conformance::read(pair.far).bytes, 0U);
    }
}

} // namespace
} // namespace pollux::loop::tests
