// SPDX-License-Identifier: BSL-1.0
// Tests of a turn: its phases, their budget, and the end of run().
#include "loop_test.hpp"

#include <atomic>
#include <functional>
#include <thread>

namespace pollux::loop::tests {
namespace {

/// A DestructionRecord adds its name to a list when it is destroyed.
class DestructionRecord {
  public:
    DestructionRecord(Names& names, std::string name) : names_(&names), name_(std::move(name)) {}
    DestructionRecord(DestructionRecord&& other) noexcept
        : names_(std::exchange(other.names_, nullptr)), name_(std::move(other.name_)) {}
    DestructionRecord& operator=(DestructionRecord&&) = delete;
    ~DestructionRecord() {
        if (names_) names_->push_back(name_);
    }

  private:
    Names* names_;
    std::string name_;
};

// A turn calls timers and posted functions, polls the backend, and calls the callbacks of watches and deferred
// functions, in this order, whichever was set first; ended handles are destroyed last.
RULE(loop, phases) {
    Scripted scripted;
    auto& loop = scripted.loop;
    Names seen;
    const auto note = [&seen](const char* name) { return [&seen, name] { seen.emplace_back(name); }; };
    scripted.record->result = [&](const Change&) {
        seen.emplace_back("poll");
        return std::error_code();
    };
    EXPECT_FALSE(loop.defer(note("deferred")));
    Watcher watcher = loop.watch(Source{3}, Ready::readable, Mode::level,
                                 [&, trace = std::make_unique<DestructionRecord>(seen, "close")](Ready) {
                                     seen.emplace_back("ready");
                                     EXPECT_FALSE(loop.defer([&] {
                                         seen.emplace_back("deferred");
                                         watcher.close();
                                         EXPECT_FALSE(loop.post([] {}));
                                     }));
                                 });
    EXPECT_FALSE(loop.post(note("posted")));
    auto timer = loop.after(0ns, note("timer"));
    scripted.reports({{Source{3}, Ready::readable}});
    loop.run_for(0ns);
    EXPECT_EQ(seen, (Names{"timer", "posted", "poll", "ready", "deferred", "deferred", "poll", "close"}))
        << "the second poll is the removal";
    EXPECT_EQ(loop.metrics().turns, 1U);
}

// A deferred function runs at the end of the current turn; one that is deferred in phase deferred runs at the end of
// the next turn.
RULE(loop, defer) {
    Scripted scripted;
    auto& loop = scripted.loop;
    std::vector<std::uint64_t> turns;
    const std::function<void()> again = [&] {
        turns.push_back(loop.metrics().turns);
        if (turns.size() < 3) static_cast<void>(loop.defer(again));
    };
    EXPECT_FALSE(loop.post([&] { EXPECT_FALSE(loop.defer(again)); }));
    auto kept =
        loop.watch(Source{3}, Ready::readable, Mode::level, [](Ready) {}); // otherwise the Loop would not sleep anyway
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(loop.run_one());
    EXPECT_EQ(turns, (std::vector<std::uint64_t>{1, 2, 3}));
    EXPECT_EQ(scripted.sleeps(), 0U);
}

// The callables of ended handles are destroyed in phase close, neither in the callback that ended them nor in another
// phase; outside of a turn they are destroyed at once.
RULE(loop, close) {
    Scripted scripted;
    auto& loop = scripted.loop;
    Names seen;
    Watcher watcher;
    Timer timer = loop.after(0ns, [&, trace = std::make_unique<DestructionRecord>(seen, "timer closed")] {
        timer.close();
        watcher.close();
        seen.emplace_back("timer called");
        EXPECT_FALSE(loop.defer([&] { seen.emplace_back("deferred"); }));
    });
    watcher = loop.watch(Source{3}, Ready::readable, Mode::level,
                         [trace = std::make_unique<DestructionRecord>(seen, "watch closed")](Ready) {});
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(seen, (Names{"timer called", "deferred", "timer closed", "watch closed"}));
    EXPECT_EQ(loop.metrics().closed, 2U);
    EXPECT_EQ(scripted.sleeps(), 0U);

    seen.clear();
    timer = loop.after(1h, [trace = std::make_unique<DestructionRecord>(seen, "closed")] {});
    timer.close();
    EXPECT_EQ(seen, Names{"closed"});
}

TEST(Close, of_a_chain_that_owns_each_other) {
    Scripted scripted;
    auto& loop = scripted.loop;
    constexpr int links = 10000; // nested: destruction must not recurse
    Timer chain;
    for (int i = 0; i < links; ++i) chain = loop.after(1h, [inner = std::make_shared<Timer>(std::move(chain))] {});
    EXPECT_FALSE(loop.post([&] { chain.close(); }));
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(loop.metrics().closed, std::uint64_t{links});
    EXPECT_EQ(loop.metrics().timers, 0U);
}

// With more work than its budget in each phase, each turn does as much of each as the budget allows, in order, loses
// nothing, and does not sleep while work is left.
RULE(loop, budget) {
    Scripted scripted({.callbacks_per_phase = 2});
    auto& loop = scripted.loop;
    constexpr int flood = 7;
    std::vector<int> timers, posts, watches, deferred;
    std::vector<Timer> all_timers;
    std::vector<Watcher> all_watches;
    Scripted::Reports reports;
    const auto begin = Clock::now();
    for (int i = 0; i < flood; ++i) {
        all_timers.push_back(loop.at(begin, [&timers, i] { timers.push_back(i); }));
        EXPECT_FALSE(loop.post([&posts, i] { posts.push_back(i); }));
        EXPECT_FALSE(loop.defer([&deferred, i] { deferred.push_back(i); }));
        const auto source = static_cast<Source>(i);
        all_watches.push_back(
            loop.watch(source, Ready::readable, Mode::oneshot, [&watches, i](Ready) { watches.push_back(i); }));
        reports.emplace_back(source, Ready::readable);
    }
    scripted.reports(reports);
    for (std::size_t turn = 1; turn <= 3; ++turn) {
        loop.run_for(0ns);
        for (const auto* phase : {&timers, &posts, &watches, &deferred}) EXPECT_EQ(phase->size(), 2 * turn);
    }
    EXPECT_EQ(loop.metrics().polls, 1U) << "what is left of a batch comes before the next";
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(loop.metrics().turns, 4U);
    EXPECT_EQ(scripted.sleeps(), 0U);
    for (const auto* phase : {&timers, &posts, &watches, &deferred})
        EXPECT_EQ(*phase, (std::vector{0, 1, 2, 3, 4, 5, 6}));
}

// Handles that end in a turn are closed under the budget, too, in order; no turn sleeps while some are left.
TEST(Budget, of_closes) {
    Scripted scripted({.callbacks_per_phase = 2});
    auto& loop = scripted.loop;
    constexpr int flood = 7;
    Names closed, expected;
    std::vector<Watcher> watchers;
    std::vector<Timer> timers;
    for (int i = 0; i < flood; ++i) {
        watchers.push_back(
            loop.watch(static_cast<Source>(10 + i), Ready::readable, Mode::level,
                       [trace = std::make_unique<DestructionRecord>(closed, "watch " + std::to_string(i))](Ready) {}));
        timers.push_back(loop.after(1h, [trace = std::make_unique<DestructionRecord>(closed, "timer")] {}));
        expected.push_back("watch " + std::to_string(i));
    }
    auto kept = loop.watch(Source{9}, Ready::readable, Mode::level, [](Ready) {}); // otherwise run() would not sleep
    EXPECT_FALSE(loop.post([&] {
        watchers.clear();
        timers.clear();
    }));
    for (std::size_t turn = 1; turn <= 3; ++turn) {
        scripted.turn();
        EXPECT_EQ(closed.size(), 2 * turn);
        EXPECT_EQ(loop.metrics().closed, 2 * turn);
    }
    EXPECT_THROW(loop.run(), std::system_error) << "the first sleep ends it";
    EXPECT_EQ(loop.metrics().turns, flood + 1U);
    EXPECT_EQ(scripted.sleeps(), 1U);
    EXPECT_EQ(loop.metrics().timers, 0U);
    EXPECT_EQ(loop.metrics().watches, 1U);
    std::erase(closed, "timer");
    EXPECT_EQ(closed, expected);
}

// A phase whose time budget is used up continues in the next turn, after at least one callback.
RULE(loop, budget_of_time) {
    Scripted scripted({.time_per_phase = 1ns});
    int calls = 0;
    for (int i = 0; i < 5; ++i)
        EXPECT_FALSE(scripted.loop.post([&] {
            ++calls;
            const auto begin = Clock::now();
            while (Clock::now() == begin) {}
        }));
    scripted.turn();
    EXPECT_EQ(calls, 1);
    EXPECT_FALSE(scripted.loop.run());
    EXPECT_EQ(calls, 5);
    EXPECT_EQ(scripted.loop.metrics().turns, 5U);
    EXPECT_EQ(scripted.sleeps(), 0U);
}

TEST(Budget, of_posts_that_post) {
    Scripted scripted;
    auto& loop = scripted.loop;
    int posts = 0, timers = 0;
    const std::function<void()> again = [&] {
        if (++posts < 1000) static_cast<void>(loop.post(again));
    };
    EXPECT_FALSE(loop.post(again));
    Timer timer = loop.at({}, [&] {
        ++timers;
        timer.rearm(Clock::time_point());
        if (posts == 1000) timer.close();
    });
    EXPECT_FALSE(loop.run());
    EXPECT_GE(timers, 999) << "once a turn, as do the posts";
}

TEST(Loop, refuses_options_out_of_range) {
    const auto make = [](const LoopOptions& options) { const Scripted scripted(options); };
    EXPECT_THROW(make({.events = 0}), std::invalid_argument);
    EXPECT_THROW(make({.callbacks_per_phase = 0}), std::invalid_argument);
    EXPECT_THROW(make({.time_per_phase = -1ns}), std::invalid_argument);
    EXPECT_THROW(Loop(std::unique_ptr<Selector>()), std::invalid_argument);
    EXPECT_THROW(Loop(Request{.backend = "nowhere"}), OpenError);
}

} // namespace
} // namespace pollux::loop::tests
