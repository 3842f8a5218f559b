// SPDX-License-Identifier: BSL-1.0
// Tests of the calls of the backend for watches, and of their time.
#include "loop_test.hpp"

#include <array>

namespace pollux::loop::tests {
namespace {

const auto nothing = [](Ready) {};

// Watches that are added and ended, and changes that are reverted, between two polls cost no call of the backend; each
// other change costs one.
RULE(watch, changes_cancel) {
    Scripted scripted;
    auto kept = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, nothing);
    for (int i = 0; i < 100; ++i) {
        auto gone = scripted.loop.watch(Source{4}, both, Mode::edge, nothing);
        gone.change(Ready::readable);
    }
    EXPECT_EQ(scripted.changes(), Names()) << "no call before the backend is polled";
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names{"add 3 1"});
    for (int i = 0; i < 3; ++i) {
        kept.change(both);
        kept.change(Ready::none);
        kept.change(both);
        kept.change(Ready::readable);
        scripted.turn();
        EXPECT_EQ(scripted.changes(), Names());
    }
    kept.change(both);
    kept.change(Ready::none);
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names{"modify 3 0"});
    kept.change(Ready::none, Mode::edge);
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names{"modify 3 0"});
    kept.change(Ready::none | Ready::closed, Mode::edge); // hints count as an empty interest
    kept.change(both);
    kept.close();
    EXPECT_EQ(scripted.changes(), Names{"remove 3"}) << "at once, and without the change";
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names());
}

TEST(Changes, are_submitted_in_their_order) {
    Scripted scripted;
    auto first = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, nothing);
    auto second = scripted.loop.watch(Source{4}, Ready::readable, Mode::level, nothing);
    first.close();
    auto third = scripted.loop.watch(Source{3}, Ready::writable, Mode::level, nothing);
    scripted.turn();
    EXPECT_EQ(scripted.changes(), (Names{"add 4 1", "add 3 2"}));
    third.close();
    third = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, nothing);
    scripted.turn();
    EXPECT_EQ(scripted.changes(), (Names{"remove 3", "add 3 1"}));
}

// A backend without memory may keep an ended watch: the watch of the next file with this descriptor number replaces it.
TEST(Changes, of_a_source_whose_removal_failed) {
    Scripted scripted;
    bool fails = true;
    scripted.record->result = [&](const Change& change) -> std::error_code {
        if (change.kind == ChangeKind::remove)
            return fails ? make_error_code(std::errc::not_enough_memory) : std::error_code();
        const auto last = scripted.record->changes.end() - 2; // before this one
        const bool is_left = scripted.record->changes.size() > 1 && last->kind == ChangeKind::remove && fails;
        fails = fails && !is_left;
        return is_left ? make_error_code(std::errc::file_exists) : std::error_code();
    };
    auto watcher = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, nothing);
    scripted.turn();
    watcher.close();
    EXPECT_EQ(scripted.changes(), (Names{"add 3 1", "remove 3", "remove 3", "remove 3"}));
    watcher = scripted.loop.watch(Source{3}, Ready::writable, Mode::level, nothing);
    scripted.turn();
    EXPECT_EQ(scripted.changes(), (Names{"add 3 2", "remove 3", "add 3 2"}));
}

TEST(Changes, of_a_callback_are_made_before_the_next_poll) {
    Scripted scripted;
    Watcher watcher, other;
    watcher = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready) {
        watcher.change(Ready::writable);
        other = scripted.loop.watch(Source{4}, Ready::readable, Mode::level, nothing);
        EXPECT_EQ(scripted.changes(), Names());
    });
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names{"add 3 1"});
    scripted.reports({{Source{3}, Ready::readable}});
    scripted.turn();
    scripted.turn();
    EXPECT_EQ(scripted.changes(), (Names{"modify 3 2", "add 4 1"}));
}

// A callback that takes an error receives the backend's refusal once; error() returns it until the watch is registered
// again.
RULE(watch, refused) {
    Scripted scripted;
    const auto not_open = make_error_code(std::errc::bad_file_descriptor);
    scripted.record->result = [&](const Change&) { return not_open; };
    std::vector<Ready> seen;
    Watcher watcher =
        scripted.loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready ready, std::error_code error) {
            seen.push_back(ready);
            EXPECT_EQ(error, ready == Ready::failed ? not_open : std::error_code());
            EXPECT_EQ(watcher.error(), error);
        });
    EXPECT_FALSE(watcher.error());
    EXPECT_FALSE(scripted.loop.run()) << "the refusal is reported, and nothing is pending after that";
    EXPECT_EQ(seen, std::vector{Ready::failed});
    EXPECT_EQ(watcher.error(), not_open);
    EXPECT_EQ(scripted.loop.metrics().watches, 0U);
    EXPECT_EQ(scripted.sleeps(), 0U);

    watcher.change(both);
    EXPECT_FALSE(watcher.error());
    EXPECT_FALSE(scripted.loop.run());
    EXPECT_EQ(seen, (std::vector{Ready::failed, Ready::failed}));
    scripted.record->result = nullptr;
    watcher.rearm();
    scripted.changes();
    scripted.reports({{Source{3}, Ready::writable}});
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names{"add 3 3"});
    EXPECT_EQ(seen.back(), Ready::writable);

    // A refused change ends the watch in the backend, too, since its former interest is obsolete.
    scripted.record->result = [&](const Change& change) {
        return change.kind == ChangeKind::modify ? not_open : std::error_code();
    };
    watcher.change(Ready::readable);
    scripted.turn();
    EXPECT_EQ(scripted.changes(), (Names{"modify 3 1", "remove 3"}));
    EXPECT_EQ(seen.size(), 4U);
    watcher.close();
    EXPECT_EQ(scripted.changes(), Names()) << "the backend does not know it";
    EXPECT_EQ(watcher.error(), canceled);
}

TEST(Refused, can_end_before_it_is_reported) {
    Scripted scripted({.callbacks_per_phase = 1});
    scripted.record->result = [](const Change&) { return make_error_code(std::errc::file_exists); };
    int reported = 0;
    std::array<Watcher, 3> watchers;
    for (auto& watcher : watchers) {
        watcher = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready, std::error_code error) {
            EXPECT_EQ(error, std::errc::file_exists);
            ++reported;
            watchers[1].close();
        });
    }
    EXPECT_FALSE(scripted.loop.run());
    EXPECT_EQ(reported, 2);
}

// A one-shot watch that was reported is not called, and does not keep run() from returning, until a change rearms it.
RULE(watch, oneshot) {
    Scripted scripted;
    int calls = 0;
    auto watcher = scripted.loop.watch(Source{3}, Ready::readable, Mode::oneshot, [&](Ready) { ++calls; });
    scripted.reports({{Source{3}, Ready::readable}});
    EXPECT_FALSE(scripted.loop.run());
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(scripted.changes(), Names{"add 3 1"});
    scripted.reports({{Source{3}, Ready::readable}});
    scripted.turn();
    EXPECT_EQ(calls, 1) << "a backend would not report it twice, and if it did";
    watcher.change(Ready::readable);
    EXPECT_EQ(scripted.loop.metrics().watches, 1U);
    scripted.reports({{Source{3}, Ready::readable}});
    EXPECT_FALSE(scripted.loop.run());
    EXPECT_EQ(scripted.changes(), Names{"modify 3 1"});
    EXPECT_EQ(calls, 2);
}

// rearm() registers the watch with the backend again, even if nothing has changed.
RULE(watch, rearm) {
    Scripted scripted;
    auto watcher = scripted.loop.watch(Source{3}, Ready::readable, Mode::edge, nothing);
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names{"add 3 1"});
    watcher.rearm();
    watcher.change(both);
    watcher.change(Ready::readable);
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names{"modify 3 1"});
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names());
}

TEST(Watch, refuses_an_empty_callback) {
    Scripted scripted;
    EXPECT_THROW((void)scripted.loop.watch(Source{3}, Ready::readable, Mode::level, {}), std::invalid_argument);
    EXPECT_THROW((void)scripted.loop.after(1s, {}), std::invalid_argument);
    EXPECT_THROW((void)scripted.loop.every(1s, {}), std::invalid_argument);
    EXPECT_THROW((void)scripted.loop.every(0ns, [] {}), std::invalid_argument);
    EXPECT_THROW((void)scripted.loop.at({}, {}), std::invalid_argument);
    EXPECT_THROW((void)scripted.loop.on_wake({}), std::invalid_argument);
    EXPECT_THROW((void)scripted.loop.on_signal(2, {}), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(scripted.loop.post({})), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(scripted.loop.defer({})), std::invalid_argument);
    EXPECT_FALSE(scripted.loop.run());
}

} // namespace
} // namespace pollux::loop::tests
