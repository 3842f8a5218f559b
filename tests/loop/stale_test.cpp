// SPDX-License-Identifier: BSL-1.0
// Tests of events of watches that ended or changed since the backend reported them.
#include "loop_test.hpp"

#include <bit>

namespace pollux::loop::tests {
namespace {

// No callback runs for a handle as it was before it ended or changed: neither for an event of the current batch, nor if
// the descriptor was closed and reused within the batch, nor for an event that was left for a later turn.
RULE(loop, no_stale_callback) {
    for (const std::size_t callbacks : {1U, 256U}) {
        SCOPED_TRACE(callbacks);
        Scripted scripted({.callbacks_per_phase = callbacks});
        Names seen;
        Watcher first, second, third;
        const auto note = [&](const char* name) { return [&seen, name](Ready) { seen.emplace_back(name); }; };
        first = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready) {
            seen.emplace_back("first");
            second.close();
            // The descriptor number and the slot are reused: the event of the former watch is not delivered to this
            // one.
            second = scripted.loop.watch(Source{4}, Ready::readable, Mode::level, note("second, new"));
            third.close();
        });
        second = scripted.loop.watch(Source{4}, Ready::readable, Mode::level, note("second, old"));
        third = scripted.loop.watch(Source{5}, Ready::readable, Mode::level, note("third"));
        scripted.reports({{Source{3}, Ready::readable}, {Source{4}, Ready::readable}, {Source{5}, Ready::readable}});
        scripted.turn(4);
        EXPECT_EQ(seen, Names{"first"});
        EXPECT_EQ(scripted.loop.metrics().stale, 2U);
        EXPECT_EQ(scripted.changes(), (Names{"add 3 1", "add 4 1", "add 5 1", "remove 4", "remove 5", "add 4 1"}));
        scripted.reports({{Source{4}, Ready::readable}});
        scripted.turn();
        EXPECT_EQ(seen, (Names{"first", "second, new"}));
    }
}

TEST(NoStaleCallback, when_the_slot_is_used_again_between_turns) {
    Scripted scripted({.callbacks_per_phase = 1});
    Names seen;
    auto first =
        scripted.loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready) { seen.emplace_back("first"); });
    auto second =
        scripted.loop.watch(Source{4}, Ready::readable, Mode::level, [&](Ready) { seen.emplace_back("old"); });
    scripted.reports({{Source{3}, Ready::readable}, {Source{4}, Ready::readable}});
    scripted.turn();
    EXPECT_EQ(seen, Names{"first"});
    second.close(); // outside of a turn its slot is free at once
    second = scripted.loop.watch(Source{4}, Ready::readable, Mode::level, [&](Ready) { seen.emplace_back("new"); });
    scripted.turn();
    EXPECT_EQ(seen, Names{"first"});
    EXPECT_EQ(scripted.loop.metrics().stale, 1U);
}

TEST(NoStaleCallback, from_a_backend_that_reports_unknown_tokens) {
    const auto record = std::make_shared<harness::Record>();
    Loop loop(std::make_unique<harness::ScriptedSelector>(record, [](std::size_t) {
        return harness::ScriptedSelector::Answer{
            {{Token{0}, Ready::readable}, {Token{1}, Ready::readable}, {Token{~0ULL - 1}, Ready::readable}}, {}};
    }));
    int calls = 0;
    auto watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready) { ++calls; });
    watcher.close();
    watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready) { ++calls; });
    loop.run_for(0ns);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(loop.metrics().stale, 3U);
}

// However often a slot was used again since: no counter of that wraps within 17 bits.
TEST(NoStaleCallback, after_a_slot_was_used_again_a_power_of_two_times) {
    const auto record = std::make_shared<harness::Record>();
    bool reports = true;
    Loop loop(std::make_unique<harness::ScriptedSelector>(record, [&](std::size_t) {
        const Event event{record->changes.front().watch.token, Ready::readable};
        return harness::ScriptedSelector::Answer{{reports ? std::vector{event} : std::vector<Event>()}, {}};
    }));
    int calls = 0;
    const auto watch = [&] { return loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready) { ++calls; }); };
    auto watcher = watch();
    loop.run_for(0ns);
    ASSERT_EQ(calls, 1);
    for (unsigned ends = 1; ends <= 1U << 17U; ++ends) {
        watcher.close();
        watcher = watch();
        // Neither each turn, so that the backend does not seem to keep reporting it, nor each time, which takes longer.
        reports = ends >= 8 && std::has_single_bit(ends);
        if (reports || ends % 1024 == 1000 || ends < 8) loop.run_for(0ns);
        ASSERT_EQ(calls, 1) << ends;
    }
}

/// A watch whose interest another callback of the same batch changes.
struct Changed {
    explicit Changed(Mode mode, Ready before) {
        first = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, [this](Ready) { change(); });
        watcher = scripted.loop.watch(Source{4}, before, mode, [this](Ready ready) { seen.push_back(ready); });
    }
    void report(Ready ready) {
        scripted.reports({{Source{3}, Ready::readable}, {Source{4}, ready}});
        scripted.turn();
    }

    Scripted scripted;
    Watcher first, watcher;
    std::function<void()> change;
    std::vector<Ready> seen;
};

// A changed watch receives no events for conditions of its former interest only; conditions of both interests are
// delivered, and the rest is requested from the backend again.
RULE(watch, change) {
    for (const auto mode : {Mode::level, Mode::edge}) {
        SCOPED_TRACE(static_cast<int>(mode));
        Changed narrowed(mode, both);
        narrowed.change = [&] { narrowed.watcher.change(Ready::writable); };
        narrowed.report(Ready::readable);
        EXPECT_TRUE(narrowed.seen.empty());
        EXPECT_EQ(narrowed.scripted.loop.metrics().stale, 1U);

        Changed shared(mode, both);
        shared.change = [&] { shared.watcher.change(Ready::readable); };
        shared.report(both | Ready::closed);
        EXPECT_EQ(shared.seen, std::vector{Ready::readable | Ready::closed});

        Changed paused(mode, both);
        paused.change = [&] { paused.watcher.change(Ready::none); };
        paused.report(both | Ready::closed);
        EXPECT_TRUE(paused.seen.empty());

        Changed other_mode(mode, Ready::readable);
        other_mode.change = [&] { other_mode.watcher.change(Ready::readable, Mode::oneshot); };
        other_mode.report(Ready::readable);
        EXPECT_TRUE(other_mode.seen.empty()) << "the backend reports it again";
    }
}

TEST(Change, that_is_reverted_loses_no_edge) {
    Changed back(Mode::edge, Ready::readable);
    back.change = [&] {
        back.watcher.change(Ready::none);
        EXPECT_FALSE(back.scripted.loop.defer([&] { back.watcher.change(Ready::readable); }));
    };
    back.report(Ready::readable);
    EXPECT_TRUE(back.seen.empty());
    back.scripted.changes();
    back.scripted.turn();
    EXPECT_EQ(back.scripted.changes(), Names{"modify 4 1"}) << "or the edge is lost";

    Changed part(Mode::edge, both);
    part.change = [&] {
        part.watcher.change(Ready::readable);
        EXPECT_FALSE(part.scripted.loop.defer([&] { part.watcher.change(both); }));
    };
    part.report(both);
    EXPECT_EQ(part.seen, std::vector{Ready::readable});
    part.scripted.changes();
    part.scripted.turn();
    EXPECT_EQ(part.scripted.changes(), Names{"modify 4 3"});

    Changed at_once(Mode::edge, Ready::readable);
    at_once.change = [&] {
        at_once.watcher.change(Ready::none);
        at_once.watcher.change(Ready::readable);
    };
    at_once.report(Ready::readable);
    EXPECT_EQ(at_once.seen, std::vector{Ready::readable}) << "nothing has changed, so it is called";
}

TEST(Change, of_a_oneshot_watch_in_the_batch) {
    Changed narrowed(Mode::oneshot, both);
    narrowed.change = [&] { narrowed.watcher.change(Ready::readable); };
    narrowed.report(both);
    EXPECT_EQ(narrowed.seen, std::vector{Ready::readable});
    narrowed.scripted.changes();
    narrowed.scripted.turn();
    EXPECT_EQ(narrowed.scripted.changes(), Names()) << "spent by that report: it is not rearmed without a change";
    narrowed.change = [] {};
    narrowed.watcher.change(both);
    narrowed.report(both);
    EXPECT_EQ(narrowed.scripted.changes(), Names{"modify 4 3"});
    EXPECT_EQ(narrowed.seen.back(), both);

    Changed widened(Mode::oneshot, Ready::readable);
    widened.change = [&] { widened.watcher.change(Ready::writable); };
    widened.report(Ready::readable);
    EXPECT_TRUE(widened.seen.empty());
    widened.scripted.changes();
    widened.scripted.turn();
    EXPECT_EQ(widened.scripted.changes(), Names{"modify 4 2"});
}

TEST(Change, that_is_reverted_after_an_event_of_both_interests_costs_no_call) {
    for (const auto mode : {Mode::level, Mode::edge}) {
        SCOPED_TRACE(static_cast<int>(mode));
        Changed widened(mode, Ready::readable);
        widened.change = [&] { widened.watcher.change(both); };
        widened.report(Ready::readable | Ready::closed);
        EXPECT_EQ(widened.seen, std::vector{Ready::readable | Ready::closed});
        widened.watcher.change(Ready::readable);
        widened.scripted.turn();
        EXPECT_EQ(widened.scripted.changes(), (Names{"add 3 1", "add 4 1"}));
    }
}

} // namespace
} // namespace pollux::loop::tests
