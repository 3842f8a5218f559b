// SPDX-License-Identifier: BSL-1.0
// Tests of descriptors that were closed while registered, and of reused descriptor numbers.
#include "loop_test.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>

#include <unistd.h>

namespace pollux::loop::tests {
namespace {

using conformance::Kind;
using conformance::Pair;

constexpr std::array all_kinds{Kind::tcp, Kind::local, Kind::pipe};

/// Closes the reading end of a pair, gives its descriptor number to that of a new pair, and returns the new pair.
Pair exchanged(Pair& pair, Kind kind) {
    const auto number = pair.near.get();
    pair.near.close();
    auto made = conformance::make_pair(kind);
    return {conformance::renumber(std::move(made.near), number), std::move(made.far)};
}

bool is_ready(const Pair& pair) {
    conformance::write(pair.far, "x");
    return conformance::wait_for_data(pair.near);
}

/// Calls `action` for each backend, with a new Loop.
void on_each_backend(const auto& action) {
    for (const auto& backend : backends()) {
        for (const auto kind : all_kinds) {
            SCOPED_TRACE(backend + ' ' + conformance::name_of(kind));
            Loop loop(request(backend));
            const Watchdog watchdog(loop);
            action(loop, kind);
        }
    }
}

// The watch of a closed descriptor ends: a watch of the next file with the same number works, and the end or a change
// of the first Watcher does not affect it.
RULE(watch, descriptor_reused) {
    on_each_backend([](Loop& loop, Kind kind) {
        for (const bool at_once : {false, true}) {
            auto pair = conformance::make_pair(kind);
            int calls = 0;
            Watcher stale = loop.watch(pair.near.get(), Ready::readable, Mode::level,
                                       [](Ready) { ADD_FAILURE() << "the stale one is called"; });
            loop.run_for(0ns);
            const auto other = exchanged(pair, kind);
            std::error_code error;
            const auto count = [&](Ready) { ++calls; };
            Watcher watcher = at_once ? loop.watch(other.near.get(), Ready::readable, Mode::level, count, error)
                                      : loop.watch(other.near.get(), Ready::readable, Mode::level, count);
            EXPECT_FALSE(error);
            loop.run_for(0ns);
            EXPECT_EQ(stale.error(), std::errc::bad_file_descriptor);
            EXPECT_EQ(loop.metrics().watches, 1U);
            EXPECT_TRUE(is_ready(other));
            EXPECT_TRUE(loop.run_one());
            EXPECT_EQ(calls, 1);
            if (at_once) {
                stale.change(Ready::readable);
                EXPECT_EQ(thrown_by([&] { loop.run_for(0ns); }).error, std::errc::file_exists);
                calls = 1;
            }
            stale.close();
            loop.run_for(0ns);
            EXPECT_EQ(calls, 2) << "it is still watched";
        }
    });
}

TEST(Identity, of_a_stale_watcher_that_ends_before_the_next_is_submitted) {
    on_each_backend([](Loop& loop, Kind kind) {
        auto pair = conformance::make_pair(kind);
        Watcher stale = loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
        loop.run_for(0ns);
        const auto other = exchanged(pair, kind);
        int calls = 0;
        auto watcher = loop.watch(other.near.get(), Ready::readable, Mode::level, [&](Ready) { ++calls; });
        stale.close();
        EXPECT_TRUE(is_ready(other));
        EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(calls, 1);
    });
}

// change() with an unchanged interest detects that the descriptor was closed and opened again since, by the program or
// a library, and watches the new file.
RULE(watch, descriptor_reopened) {
    on_each_backend([](Loop& loop, Kind kind) {
        for (const auto mode : {Mode::level, Mode::oneshot}) {
            auto pair = conformance::make_pair(kind);
            int calls = 0;
            auto watcher = loop.watch(pair.near.get(), Ready::readable, mode, [&](Ready) { ++calls; });
            loop.run_for(0ns);
            for (int times = 1; times <= 3; ++times) {
                pair = exchanged(pair, kind);
                watcher.change(Ready::readable);
                EXPECT_TRUE(is_ready(pair));
                EXPECT_TRUE(loop.run_one());
                EXPECT_EQ(calls, times);
                if (mode == Mode::oneshot) {
                    watcher.change(Ready::readable);
                    conformance::drain(pair.near);
                    loop.run_for(0ns);
                }
            }
        }
    });
}

TEST(Reopened, before_the_interest_is_changed) {
    for (const auto& backend : backends()) {
        for (const auto kind : {Kind::tcp, Kind::local}) {
            SCOPED_TRACE(backend + ' ' + conformance::name_of(kind));
            Loop loop(request(backend));
            auto pair = conformance::make_pair(kind);
            int calls = 0;
            auto watcher = loop.watch(pair.near.get(), both, Mode::level, [&](Ready) { ++calls; });
            loop.run_for(0ns);
            pair = exchanged(pair, kind);
            watcher.change(Ready::readable);
            calls = 0;
            loop.run_for(0ns);
            EXPECT_EQ(calls, 0);
            auto data = loop.after(1ms, [&] { conformance::write(pair.far, "x"); });
            const Watchdog watchdog(loop);
            for (int turns = 0; turns < 2 && calls == 0; ++turns)
                EXPECT_TRUE(loop.run_one()); // the timer is called first
            EXPECT_EQ(calls, 1);
        }
    }
}

TEST(Identity, of_a_descriptor_that_was_not_reopened) {
    on_each_backend([](Loop& loop, Kind kind) {
        auto pair = conformance::make_pair(kind);
        auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
        loop.run_for(0ns);
        pair.near.close();
        watcher.change(Ready::readable);
        EXPECT_EQ(thrown_by([&] { loop.run_for(0ns); }).error, std::errc::bad_file_descriptor);
    });
}

// A second watch of the same descriptor is refused, whichever is newer, and the first one works.
TEST(Identity, of_the_same_file_is_a_duplicate) {
    on_each_backend([](Loop& loop, Kind kind) {
        const auto pair = conformance::make_pair(kind);
        int calls = 0;
        auto first = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) { ++calls; });
        loop.run_for(0ns);
        std::error_code error;
        auto second = loop.watch(
            pair.near.get(), Ready::readable, Mode::level, [](Ready) {}, error);
        EXPECT_EQ(error, std::errc::file_exists);
        EXPECT_TRUE(is_ready(pair));
        EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(calls, 1);
    });
}

// Without a change there is no call of the backend, and an unchanged watch is not registered again.
TEST(Identity, is_checked_without_a_call_of_the_backend) {
    Scripted scripted;
    const auto pair = conformance::make_pair(Kind::tcp);
    auto watcher = scripted.loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
    scripted.turn();
    EXPECT_EQ(scripted.changes().size(), 1U);
    for (int i = 0; i < 3; ++i) watcher.change(Ready::readable);
    scripted.turn();
    EXPECT_EQ(scripted.changes(), Names());
}

TEST(Identity, of_many_file_descriptors) {
    Scripted scripted; // with descriptors that are not open
    constexpr Source count = 1000;
    std::vector<Watcher> stale, watchers;
    for (Source source = 0; source < count; ++source)
        stale.push_back(scripted.loop.watch(source * 64 + 100'000, Ready::readable, Mode::level, [](Ready) {}));
    scripted.turn();
    for (Source source = 0; source < count; ++source)
        watchers.push_back(scripted.loop.watch(source * 64 + 100'000, Ready::readable, Mode::level, [](Ready) {}));
    scripted.turn(2); // the backend accepts them, so the first ones were closed
    EXPECT_EQ(scripted.loop.metrics().watches, static_cast<std::size_t>(count));
    scripted.changes();
    stale.clear();
    EXPECT_EQ(scripted.changes(), Names());
    watchers.clear();
    EXPECT_EQ(scripted.changes().size(), static_cast<std::size_t>(count));
}

/// Closes a watched end whose duplicate is open, makes it ready, and ends its Watcher.
conformance::Owned closed_while_registered(Loop& loop, Pair& pair) {
    auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
    loop.run_for(0ns);
    auto duplicate = conformance::duplicate(pair.near);
    pair.near.close();
    watcher.close();
    conformance::write(pair.far, "x");
    EXPECT_TRUE(conformance::wait_for_data(duplicate));
    return duplicate;
}

// A source that was closed while watched, and whose duplicate is open, does not keep a Loop from sleeping: it is
// reported a few times at most, and all other watches, timers and wakes work.
RULE(loop, lingering) {
    on_each_backend([](Loop& loop, Kind kind) {
        auto kept = conformance::make_pair(kind), pair = conformance::make_pair(kind),
             other = conformance::make_pair(kind);
        int calls = 0, signals = 0;
        auto watcher = loop.watch(kept.near.get(), Ready::readable, Mode::level, [&](Ready) {
            ++calls;
            conformance::drain(kept.near);
        });
        int spent = 0;
        auto oneshot = loop.watch(other.near.get(), Ready::readable, Mode::oneshot, [&](Ready) { ++spent; });
        auto signal = loop.on_signal(SIGUSR1, [&] { ++signals; });
        EXPECT_TRUE(is_ready(other));
        EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(spent, 1);
        const auto duplicate = closed_while_registered(loop, pair);
        for (int i = 0; i < 100; ++i) loop.run_for(0ns);
        const auto before = loop.metrics();
        EXPECT_LE(before.stale, 16U);
        EXPECT_LE(before.reopened, 1U);
        for (int i = 0; i < 100; ++i) loop.run_for(0ns);
        EXPECT_EQ(loop.metrics().stale, before.stale) << "it is not reported any more";

        EXPECT_TRUE(is_ready(kept));
        EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(calls, 1);
        std::raise(SIGUSR1);
        while (signals == 0) EXPECT_TRUE(loop.run_one());
        bool posted = false;
        std::thread([&, poster = loop.poster()] { EXPECT_FALSE(poster.post([&] { posted = true; })); }).join();
        while (!posted) EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(spent, 1) << "spent stays spent";
        oneshot.change(Ready::readable);
        while (spent == 1) EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(spent, 2);
    });
}

TEST(Lingering, of_many_at_once) {
    on_each_backend([](Loop& loop, Kind kind) {
        std::array<Pair, 5> pairs;
        std::vector<conformance::Owned> duplicates;
        for (auto& pair : pairs) pair = conformance::make_pair(kind);
        for (auto& pair : pairs) duplicates.push_back(closed_while_registered(loop, pair));
        for (int i = 0; i < 100; ++i) loop.run_for(0ns);
        EXPECT_LE(loop.metrics().reopened, 1U) << "which helps against all of them";
        const auto stale = loop.metrics().stale;
        for (int i = 0; i < 100; ++i) loop.run_for(0ns);
        EXPECT_EQ(loop.metrics().stale, stale);
    });
}

TEST(Lingering, in_a_selector_that_was_given_is_an_error_each_time) {
    Scripted scripted;
    constexpr Source source = 100'000;
    auto kept = scripted.loop.watch(Source{source + 1}, Ready::readable, Mode::level, [](Ready) {});
    auto watcher = scripted.loop.watch(Source{source}, Ready::readable, Mode::level, [](Ready) {});
    scripted.turn();
    scripted.keeps_reporting(source);
    watcher.close();
    for (int times = 0; times < 3; ++times) {
        scripted.turn(7);
        const auto thrown = thrown_by([&] { scripted.turn(); });
        EXPECT_EQ(thrown.error, std::errc::operation_not_supported);
        EXPECT_TRUE(contains(thrown.text, "file descriptor 100000 after its watch has ended")) << thrown.text;
    }
    EXPECT_EQ(scripted.loop.metrics().stale, 24U);
    EXPECT_EQ(scripted.loop.metrics().reopened, 0U);
}

TEST(Lingering, does_not_include_watches_that_change_or_are_sometimes_stale) {
    Scripted scripted;
    constexpr Source source = 100'000;
    auto watcher = scripted.loop.watch(Source{source}, Ready::readable, Mode::level, [](Ready) {});
    scripted.turn();
    for (int i = 0; i < 20; ++i) {
        watcher.change(i % 2 == 0 ? Ready::none : Ready::readable);
        scripted.reports({{Source{source}, Ready::readable}});
        scripted.turn();
    }
    for (int i = 0; i < 20; ++i) {
        scripted.keeps_reporting(source);
        watcher = scripted.loop.watch(Source{source}, Ready::readable, Mode::level, [](Ready) {});
        scripted.turn();
    }

    Scripted other;
    watcher = other.loop.watch(Source{source}, Ready::readable, Mode::level, [](Ready) {});
    other.turn();
    watcher.close();
    other.keeps_reporting(source, 2);
    other.turn(40); // not consecutively
    EXPECT_EQ(other.loop.metrics().stale, 20U);
}

// `wc -c <file` as in docs/loop.md: counts all bytes, or throws an exception with the reason.
TEST(Refusal, of_a_file_is_no_short_count) {
    constexpr std::size_t size = 100'000;
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        const auto file = conformance::open_file();
        EXPECT_EQ(conformance::write(file, std::string(size, 'x')).bytes, size);
        EXPECT_EQ(lseek(file, 0, SEEK_SET), 0);
        std::size_t counted = 0;
        const auto thrown = thrown_by([&] { counted = count_bytes(loop, file, Mode::level); });
        const auto& files = loop.choice().backend->capabilities.files;
        EXPECT_EQ(counted, files ? size : 0);
        EXPECT_EQ(static_cast<bool>(thrown.error), !files);
        EXPECT_TRUE(contains(thrown.text, files ? "" : files.reason)) << thrown.text;
    }
}

} // namespace
} // namespace pollux::loop::tests
