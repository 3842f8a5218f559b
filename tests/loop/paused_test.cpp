// SPDX-License-Identifier: BSL-1.0
// Tests of paused watches whose source hangs up.
#include "loop_test.hpp"

namespace pollux::loop::tests {
namespace {

bool offers(const Loop& loop, Mode mode) {
    return mode != Mode::edge || loop.choice().backend->capabilities.edge.support != Support::unsupported;
}

// A paused watch is not called, in any mode, even if its source hangs up, and the Loop does not spin.
RULE(watch, paused) {
    for (const auto& backend : backends()) {
        for (const auto mode : {Mode::oneshot, Mode::level, Mode::edge}) {
            SCOPED_TRACE(backend + " " + std::to_string(static_cast<int>(mode)));
            Loop loop(request(backend));
            if (!offers(loop, mode)) continue;
            auto pair = conformance::make_pair(conformance::Kind::tcp);
            int calls = 0;
            Watcher watcher = loop.watch(pair.near.get(), Ready::readable, mode, [&](Ready) {
                ++calls;
                watcher.change(Ready::none);
            });
            conformance::write(pair.far, "x");
            EXPECT_TRUE(conformance::wait_for_data(pair.near));
            EXPECT_TRUE(loop.run_one());
            EXPECT_EQ(calls, 1);
            // Ready after the pause, and before: the byte was not read.
            conformance::reset(pair.far);
            EXPECT_TRUE(conformance::wait_for_hang_up(pair.near));
            for (int i = 0; i < 100; ++i) loop.run_for(0ns);
            EXPECT_EQ(calls, 1);
            EXPECT_LE(loop.metrics().events, 4U) << "reported again and again";
            EXPECT_FALSE(loop.run()) << "paused: nothing is pending";

            watcher.change(Ready::readable);
            EXPECT_TRUE(loop.run_one()) << "the watch is resumed";
            EXPECT_EQ(calls, 2);
        }
    }
}

TEST(Paused, before_the_first_turn) {
    for (const auto& backend : backends()) {
        for (const auto mode : {Mode::oneshot, Mode::level, Mode::edge}) {
            SCOPED_TRACE(backend + " " + std::to_string(static_cast<int>(mode)));
            Loop loop(request(backend));
            if (!offers(loop, mode)) continue;
            auto pair = conformance::make_pair(conformance::Kind::tcp);
            conformance::reset(pair.far);
            EXPECT_TRUE(conformance::wait_for_hang_up(pair.near));
            int calls = 0;
            auto watcher = loop.watch(pair.near.get(), Ready::none, mode, [&](Ready) { ++calls; });
            for (int i = 0; i < 100; ++i) loop.run_for(0ns);
            EXPECT_EQ(calls, 0);
            watcher.change(Ready::readable);
            EXPECT_TRUE(loop.run_one());
            EXPECT_EQ(calls, 1);
        }
    }
}

// The backend is not called for a change of a watch that is spent or paused.
TEST(Paused, by_a_change_without_effect) {
    Scripted scripted;
    int calls = 0;
    Watcher watcher = scripted.loop.watch(Source{3}, Ready::readable, Mode::oneshot, [&](Ready) {
        ++calls;
        watcher.change(Ready::none);
    });
    scripted.reports({{Source{3}, Ready::readable}});
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names{"add 3 1"});
    const auto stays_quiet = [&] {
        scripted.reports({{Source{3}, Ready::readable | Ready::closed}});
        scripted.turn();
        EXPECT_EQ(calls, 1);
        EXPECT_EQ(scripted.changes(), Names());
    };
    stays_quiet();
    watcher.change(Ready::none, Mode::level);
    watcher.rearm();
    stays_quiet();
    EXPECT_FALSE(scripted.loop.run());
    watcher.change(Ready::readable, Mode::oneshot);
    scripted.reports({{Source{3}, Ready::readable}});
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names{"modify 3 1"});
    EXPECT_EQ(calls, 2);
}

TEST(Paused, and_reported_by_a_backend_nevertheless) {
    for (const auto mode : {Mode::oneshot, Mode::level, Mode::edge}) {
        SCOPED_TRACE(static_cast<int>(mode));
        Scripted scripted;
        int calls = 0;
        auto watcher = scripted.loop.watch(Source{3}, Ready::none, mode, [&](Ready) { ++calls; });
        for (int i = 0; i < 20; ++i) {
            scripted.reports({{Source{3}, both | Ready::closed | Ready::failed}});
            scripted.turn();
        }
        EXPECT_EQ(calls, 0);
        EXPECT_EQ(scripted.loop.metrics().stale, 20U);
        EXPECT_EQ(scripted.changes(), Names{"add 3 0"});
        watcher.change(Ready::none);
        watcher.rearm();
        scripted.turn();
        EXPECT_EQ(scripted.changes(), Names());
    }
}

} // namespace
} // namespace pollux::loop::tests
