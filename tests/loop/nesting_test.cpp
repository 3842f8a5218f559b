// SPDX-License-Identifier: BSL-1.0
// Tests of a Loop that is held by another loop, and of the hook by which it holds one, on every backend of the system.
#include "loop_test.hpp"

#ifndef _WIN32
#include "../harness/child.hpp"
#endif

#include <pollux/open.hpp>
#include <pollux/time/timer_wheel.hpp>

#include <algorithm>
#include <thread>

namespace pollux::loop::tests {
namespace {

/// An OuterLoop waits for the descriptor and the deadline of a Loop, as GLib or Asio would: by a Poll of its own over
/// the backend epoll or kqueue.
class OuterLoop {
  public:
    OuterLoop(Loop& loop, const std::string& backend) : loop_(loop), poll_(request(backend)) {
        EXPECT_FALSE(poll_.registrator().add(loop.descriptor(), {Token{1}, Ready::readable, Mode::level}));
    }

    /// Sleeps until the Loop has something to do, and runs a turn. Returns false if that turn did nothing.
    bool turn() {
        loop_.prepare();
        const auto deadline = loop_.next_deadline().value_or(Clock::now() + patience);
        EXPECT_FALSE(poll_.poll(events_, std::max(deadline - Clock::now(), Clock::duration::zero())));
        const auto before = loop_.metrics();
        is_pending_ = loop_.run_for(0ns);
        const auto after = loop_.metrics();
        return after.events + after.callbacks.total() > before.events + before.callbacks.total();
    }
    bool is_pending() const { return is_pending_; }

    /// Returns whether an outer loop would sleep until there is an event.
    bool is_quiet() {
        loop_.prepare();
        return !loop_.next_deadline() && !poll_.poll(events_, 0ns) && events_.empty();
    }

  private:
    Loop& loop_;
    Poll poll_;
    Events events_{16};
    bool is_pending_ = true;
};

/// Returns whether an outer loop must not sleep.
bool is_due(const Loop& loop) {
    const auto deadline = loop.next_deadline();
    return deadline && *deadline <= Clock::now();
}

bool has_descriptor(const Loop& loop) {
    std::error_code error;
    static_cast<void>(loop.descriptor(error));
    return !error;
}

class Nesting : public testing::TestWithParam<std::string> {
  protected:
    /// Opens the Loop with a backend that has a descriptor; returns false, after testing the refusal, if it has none.
    bool opens() {
        if (has_descriptor(loop)) return true;
        std::error_code error;
        EXPECT_EQ(loop.descriptor(error), static_cast<Source>(-1));
        EXPECT_EQ(error, std::errc::operation_not_supported);
        const auto thrown = thrown_by([&] { static_cast<void>(loop.descriptor()); });
        EXPECT_EQ(thrown.error, std::errc::operation_not_supported);
        EXPECT_TRUE(contains(thrown.text, "the backend \"" + GetParam() + "\" has no descriptor")) << thrown.text;
        return false;
    }

    Loop loop{request(GetParam())};
};

// A Loop whose backend has a descriptor works in an outer loop that sleeps until it is readable or a deadline is
// reached: watches, timers, deferred functions and posts of threads are called, and each turn has something to do. The
// other backends refuse it.
TEST_P(Nesting, runs_in_an_outer_loop_that_wakes_only_for_work) {
    EXPECT_EQ(has_descriptor(loop), GetParam() == "epoll" || GetParam() == "kqueue");
    if (!opens()) return;
    OuterLoop outer(loop, GetParam());
    const auto pair = conformance::make_pair(conformance::Kind::tcp);
    int bytes = 0, ticks = 0, posts = 0, deferred = 0;
    Watcher near, far;
    const auto answer = [&](const conformance::Owned& own, Watcher& watcher) {
        return [&](Ready) {
            conformance::drain(own);
            if (++bytes == 50) {
                near.close();
                far.close();
            } else {
                EXPECT_FALSE(loop.defer([&] { ++deferred; }));
                conformance::write(own, "x");
                watcher.change(Ready::readable);
            }
        };
    };
    near = loop.watch(pair.near.get(), Ready::readable, Mode::oneshot, answer(pair.near, near));
    far = loop.watch(pair.far.get(), Ready::readable, Mode::oneshot, answer(pair.far, far));
    Timer timer = loop.every(3ms, [&] {
        if (++ticks == 20) timer.close();
    });
    conformance::write(pair.near, "x");
    std::thread thread([&, poster = loop.poster(), keep_alive = loop.keep_alive()] {
        std::atomic<int> called = 0;
        for (int i = 0; i < 20; ++i) {
            EXPECT_FALSE(poster.post([&] {
                ++posts;
                ++called;
            }));
            while (called == i) std::this_thread::yield();
        }
    });
    int idle = 0, turns = 0;
    while (outer.is_pending() && ++turns < 10'000) idle += outer.turn() ? 0 : 1;
    thread.join();
    EXPECT_EQ(bytes, 50);
    EXPECT_EQ(ticks, 20);
    EXPECT_EQ(posts, 20);
    EXPECT_EQ(deferred, 49);
    // A kqueue may show a drained source once more.
    EXPECT_LE(idle, GetParam() == "epoll" ? 0 : 50) << "of " << turns << " turns";
}

// The descriptor is readable when a source is ready, a thread posts, or stop() is called, and it is the same until
// reopen(), which returns another one that works.
RULE(nesting, descriptor) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        if (!has_descriptor(loop)) continue;
        for (int round = 0; round < 2; ++round) {
            OuterLoop outer(loop, backend);
            EXPECT_EQ(loop.descriptor(), loop.descriptor());
            EXPECT_TRUE(outer.is_quiet());
            bool posted = false;
            std::thread([&, poster = loop.poster()] { EXPECT_FALSE(poster.post([&] { posted = true; })); }).join();
            EXPECT_FALSE(outer.is_quiet());
            EXPECT_TRUE(outer.turn());
            EXPECT_TRUE(posted);
            EXPECT_TRUE(outer.is_quiet());
            EXPECT_FALSE(loop.stop());
            EXPECT_FALSE(outer.is_quiet());
            while (!outer.turn()) {} // the first ends at once, as run() does after stop()
            EXPECT_TRUE(outer.is_quiet());
            EXPECT_FALSE(loop.reopen());
            loop.run_for(0ns); // for the wake that reopen() may leave
        }
    }
}

// Without prepare() a new watch is not visible in the descriptor; after it the watch is, and no turn is needed. A watch
// that the backend refuses needs a turn, which reports it. The duration of a timer begins by prepare().
RULE(nesting, prepare) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const auto pair = conformance::make_pair(conformance::Kind::tcp);
        const bool is_level = loop.choice().backend->capabilities.level.support != Support::unsupported;
        const auto mode = is_level ? Mode::level : Mode::oneshot;
        int calls = 0;
        auto watcher = loop.watch(pair.near.get(), Ready::readable, mode, [&](Ready) {
            ++calls;
            conformance::drain(pair.near);
        });
        EXPECT_TRUE(is_due(loop)) << "the watch has to be submitted";
        loop.prepare();
        EXPECT_EQ(loop.next_deadline(), std::nullopt);
        if (has_descriptor(loop)) {
            OuterLoop outer(loop, backend);
            conformance::write(pair.far, "x");
            EXPECT_TRUE(outer.turn());
            EXPECT_EQ(calls, 1);
        }
        std::error_code refusal;
        auto refused =
            loop.watch(pair.near.get(), Ready::readable, mode, [&](Ready, std::error_code error) { refusal = error; });
        loop.prepare();
        EXPECT_TRUE(is_due(loop)) << "the refusal has to be reported";
        loop.run_for(0ns);
        EXPECT_EQ(refusal, std::errc::file_exists);

        EXPECT_EQ(loop.next_deadline(), std::nullopt);
        const auto before = Clock::now();
        auto timer = loop.after(1h, [] {});
        EXPECT_TRUE(is_due(loop));
        loop.prepare();
        EXPECT_GE(loop.next_deadline(), before + 1h);
        EXPECT_LE(loop.next_deadline(), Clock::now() + 1h + 1ms);
    }
}

// The deadline is that of the next timer, never before it and at most a tick after it, whatever its distance; in the
// past while posted or deferred functions, events or ended handles are left; and none if nothing is set.
RULE(nesting, next_deadline) {
    Scripted scripted({.callbacks_per_phase = 1});
    auto& loop = scripted.loop;
    EXPECT_EQ(loop.next_deadline(), std::nullopt);
    for (std::chrono::nanoseconds distance = 1s; distance < 100h; distance *= 3) {
        const auto time = Clock::now() + distance;
        auto later = loop.at(time + 200h, [] {});
        auto timer = loop.at(time, [] {});
        loop.prepare();
        EXPECT_GE(loop.next_deadline(), time);
        EXPECT_LT(loop.next_deadline(), time + std::chrono::nanoseconds(time::TimerWheel::tick));
    }
    {
        auto last = loop.at(Clock::time_point::max(), [] {});
        loop.prepare();
        EXPECT_EQ(loop.next_deadline(), Clock::time_point::max());
    }
    EXPECT_FALSE(is_due(loop));
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(loop.post([] {}));
    EXPECT_TRUE(is_due(loop));
    scripted.turn();
    EXPECT_TRUE(is_due(loop)) << "one is left, over the budget";
    scripted.turn();
    EXPECT_FALSE(is_due(loop));
    EXPECT_FALSE(loop.defer([] {}));
    EXPECT_TRUE(is_due(loop));
    scripted.turn();
    auto first = loop.watch(Source{3}, Ready::readable, Mode::level, [](Ready) {});
    auto second = loop.watch(Source{4}, Ready::readable, Mode::level, [](Ready) {});
    scripted.reports({{Source{3}, Ready::readable}, {Source{4}, Ready::readable}});
    scripted.turn();
    EXPECT_TRUE(is_due(loop)) << "an event is left";
    first.change(Ready::writable);
    scripted.changes();
    loop.prepare();
    EXPECT_EQ(scripted.changes(), Names()) << "changes wait until all events are handled";
    scripted.turn();
    loop.prepare();
    EXPECT_EQ(scripted.changes(), Names{"modify 3 2"});
    EXPECT_FALSE(is_due(loop));
}

// A hook is called around each poll of the backend, and not while events are left. Its first callback may set a timer,
// a watch or a post for this poll; its second runs before the callbacks of events. Both end with the handle, even in
// the hook itself, and neither keeps run() from returning.
RULE(nesting, on_poll) {
    Scripted scripted({.callbacks_per_phase = 1});
    auto& loop = scripted.loop;
    Names seen;
    const auto note = [&seen](const char* name) { return [&seen, name] { seen.emplace_back(name); }; };
    {
        const auto kept = loop.keep_alive();
        Watcher watcher, other;
        PollHook hook = loop.on_poll(
            [&] {
                seen.emplace_back("before");
                if (!watcher)
                    watcher = loop.watch(Source{3}, Ready::readable, Mode::level, [&](Ready) { note("3")(); });
                if (!other) other = loop.watch(Source{4}, Ready::readable, Mode::level, [&](Ready) { note("4")(); });
            },
            note("after"));
        scripted.reports({{Source{3}, Ready::readable}, {Source{4}, Ready::readable}});
        EXPECT_TRUE(loop.run_one());
        scripted.turn();
        EXPECT_EQ(seen, (Names{"before", "after", "3", "4"}));
        EXPECT_EQ(scripted.sleeps(), 1U);
        seen.clear();
        hook = loop.on_poll([&] { EXPECT_FALSE(loop.post([] {})); }, {});
        EXPECT_TRUE(loop.run_one()) << "a post of the hook keeps the poll from sleeping";
        EXPECT_EQ(scripted.sleeps(), 1U);
        hook = loop.on_poll({}, note("only after"));
        scripted.turn();
        EXPECT_EQ(seen, Names{"only after"});
        EXPECT_THROW(static_cast<void>(loop.on_poll({}, {})), std::invalid_argument);
    }
    seen.clear();
    PollHook hook = loop.on_poll(note("before"), {});
    EXPECT_FALSE(loop.run()) << "a hook keeps nothing running";
    hook = loop.on_poll([&] { hook.close(); }, note("after the end"));
    scripted.turn(2);
    EXPECT_FALSE(hook);
    EXPECT_TRUE(std::ranges::find(seen, "after the end") == seen.end());

    hook = loop.on_poll([] { throw std::runtime_error("hook"); }, note("never"));
    EXPECT_THROW(scripted.turn(), std::runtime_error);
    hook.close();
    scripted.turn();
    EXPECT_TRUE(std::ranges::find(seen, "never") == seen.end());
}

// A Loop holds another one by a hook, a watch of its descriptor and a timer, and both call all that they have.
TEST_P(Nesting, has_another_loop_nested_in_it) {
    if (!opens()) return;
    Loop inner(request(GetParam()));
    int ticks = 0, calls = 0;
    const auto pair = conformance::make_pair(conformance::Kind::tcp);
    Timer timer = inner.every(2ms, [&] {
        conformance::write(pair.far, "x");
        if (++ticks == 10) timer.close();
    });
    std::size_t bytes = 0;
    Watcher watcher = inner.watch(pair.near.get(), Ready::readable, Mode::edge, [&](Ready) {
        bytes += conformance::drain(pair.near);
        if (bytes == 10) watcher.close();
    });
    Watcher descriptor;
    const auto turn = [&] {
        ++calls;
        if (!inner.run_for(0ns)) descriptor.close(); // and the outer loop has nothing pending
    };
    descriptor = loop.watch(inner.descriptor(), Ready::readable, Mode::level, [&](Ready) { turn(); });
    Timer deadline = loop.after(1h, turn);
    deadline.in_background();
    const PollHook hook = loop.on_poll(
        [&] {
            inner.prepare();
            const auto next = inner.next_deadline();
            next ? deadline.rearm(*next) : deadline.cancel();
        },
        {});
    const Watchdog watchdog(loop);
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(ticks, 10);
    EXPECT_EQ(bytes, 10U);
    EXPECT_LE(calls, 10 + 2 * 10 + 10);
}

INSTANTIATE_TEST_SUITE_P(, Nesting, testing::ValuesIn(backends()), [](const auto& tested) { return tested.param; });

#ifndef _WIN32
// In a forked child descriptor() and prepare() return no_such_process, and change nothing, until reopen().
RULE(nesting, forked) {
    for (const auto& backend : backends()) {
        Loop loop(request(backend));
        const bool expected = has_descriptor(loop);
        SCOPED_TRACE(backend);
        harness::run_in_child([&] {
            std::error_code error;
            static_cast<void>(loop.descriptor(error));
            EXPECT_EQ(error, std::errc::no_such_process);
            EXPECT_EQ(thrown_by([&] { loop.prepare(); }).error, std::errc::no_such_process);
            EXPECT_FALSE(loop.reopen());
            loop.prepare();
            EXPECT_EQ(has_descriptor(loop), expected);
        });
    }
}
#endif

} // namespace
} // namespace pollux::loop::tests
