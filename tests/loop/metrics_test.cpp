// SPDX-License-Identifier: BSL-1.0
// Tests of LoopMetrics.
#include "loop_test.hpp"

#include <thread>

namespace pollux::loop::tests {
namespace {

// Each count of LoopMetrics equals what the Loop has done or has left to do.
RULE(metrics, counts) {
    Scripted scripted;
    auto& loop = scripted.loop;
    auto watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [](Ready) {});
    auto paused = loop.watch(Source{4}, Ready::none, Mode::level, [](Ready) {});
    auto gone = loop.watch(Source{5}, Ready::readable, Mode::level, [](Ready) {});
    auto timer = loop.at({}, [] {});
    auto far = loop.every(1h, [] {});
    auto wakes = loop.on_wake([] {});
    EXPECT_FALSE(loop.post([&] { gone.close(); }));
    EXPECT_FALSE(loop.post([] {}));
    EXPECT_FALSE(loop.defer([] {}));
    auto seen = loop.metrics();
    EXPECT_EQ(seen.turns, 0U);
    EXPECT_EQ(seen.watches, 2U);
    EXPECT_EQ(seen.timers, 2U);
    EXPECT_EQ(seen.posts, 2U);
    scripted.reports({});
    scripted.turn();
    scripted.reports({{Source{3}, Ready::readable}, {Scripted::wakes, Ready::none}, {Source{3}, Ready::readable}});
    EXPECT_FALSE(loop.post([&] { watcher.rearm(); }));
    scripted.turn();
    watcher.change(Ready::none);
    scripted.turn();
    seen = loop.metrics();
    EXPECT_EQ(seen.turns, 3U);
    EXPECT_EQ(seen.polls, 3U);
    EXPECT_EQ(seen.events, 3U);
    EXPECT_EQ(seen.wakes, 1U);
    EXPECT_EQ(seen.stale, 0U);
    EXPECT_EQ(seen.callbacks.timers, 1U);
    EXPECT_EQ(seen.callbacks.posted, 3U);
    EXPECT_EQ(seen.callbacks.ready, 3U);
    EXPECT_EQ(seen.callbacks.deferred, 1U);
    EXPECT_EQ(seen.callbacks.total(), 8U);
    EXPECT_EQ(seen.closed, 1U);
    EXPECT_EQ(seen.watches, 0U);
    EXPECT_EQ(seen.timers, 1U);
    EXPECT_EQ(seen.posts, 0U);
    EXPECT_EQ(seen.asleep + seen.busy + seen.longest_callback, 0ns) << "not asked for";
}

// LoopMetrics measures time asleep, time busy and the longest callback, even if it throws, if LoopOptions::measure_time
// is set.
RULE(metrics, times) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend), {.measure_time = true});
        const auto begin = Clock::now();
        auto timer = loop.after(20ms, [&] {
            for (const auto now = Clock::now(); Clock::now() - now < 5ms;) {}
            throw 1;
        });
        auto brief = loop.after(0ns, [] {});
        EXPECT_THROW(loop.run(), int);
        const auto all = Clock::now() - begin;
        const auto seen = loop.metrics();
        EXPECT_GE(seen.longest_callback, 5ms);
        EXPECT_GE(seen.busy, 5ms);
        EXPECT_GT(seen.asleep, 0ns);
        EXPECT_LE(seen.asleep + seen.busy, all);
        EXPECT_GE(seen.asleep + seen.busy, 25ms);
    }
}

} // namespace
} // namespace pollux::loop::tests
