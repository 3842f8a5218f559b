// SPDX-License-Identifier: BSL-1.0
// Tests of the destruction of a Loop whose callbacks own objects that call the Loop in their destructors.
#include "loop_test.hpp"

#include <csignal>
#include <functional>
#include <optional>

namespace pollux::loop::tests {
namespace {

/// An ActionOnDestruction runs a function when it is destroyed.
class ActionOnDestruction {
  public:
    explicit ActionOnDestruction(std::function<void()> action) : action_(std::move(action)) {}
    ~ActionOnDestruction() { action_(); }
    ActionOnDestruction(const ActionOnDestruction&) = delete;
    ActionOnDestruction& operator=(const ActionOnDestruction&) = delete;

  private:
    std::function<void()> action_;
};

/// A FullLoop is a Loop with a callback in each of its containers, all of which own the same object.
class FullLoop {
  public:
    FullLoop(const std::string& backend, std::function<void(Loop&)> action)
        : loop_(std::make_unique<Loop>(request(backend))) {
        auto owned = std::make_shared<ActionOnDestruction>([this, &loop = *loop_, action = std::move(action)] {
            ++destroyed;
            action(loop);
        });
        const auto callback = [owned] {};
        EXPECT_FALSE(loop_->defer(callback));
        EXPECT_FALSE(loop_->post(callback));
        handles_.emplace_back(loop_->after(1h, callback));
        handles_.emplace_back(loop_->every(1h, callback));
        handles_.emplace_back(loop_->on_wake(callback));
        handles_.emplace_back(loop_->on_signal(SIGTERM, callback));
        handles_.emplace_back(loop_->watch(pipe_.reader(), Ready::readable, Mode::level, [owned](Ready) {}));
    }
    /// Lets only one container keep the object: the callbacks of the others are called, or end, before.
    void keep_only(std::size_t which) {
        if (which == 0) return;
        for (std::size_t i = 0; i < handles_.size(); ++i) {
            if (i + 1 != which) handles_[i] = AnyHandle();
        }
        loop_->run_for(0ns); // runs deferred and posted functions
    }
    void destroy() { loop_.reset(); }

    int destroyed = 0;

  private:
    struct AnyHandle {
        AnyHandle() = default;
        explicit AnyHandle(Timer handle) : timer(std::move(handle)) {}
        explicit AnyHandle(Watcher handle) : watcher(std::move(handle)) {}
        explicit AnyHandle(WakeWatcher handle) : wakes(std::move(handle)) {}
        explicit AnyHandle(SignalWatcher handle) : signals(std::move(handle)) {}
        Timer timer;
        Watcher watcher;
        WakeWatcher wakes;
        SignalWatcher signals;
    };

    Pipe pipe_;
    std::unique_ptr<Loop> loop_;
    std::vector<AnyHandle> handles_;
};

// A callable that is destroyed together with its Loop may call any function of the Loop: each call is refused, and no
// freed memory is accessed.
RULE(loop, destroyed) {
    const Pipe pipe;
    const auto ask = [&](Loop& loop) {
        bool was_destroyed = false;
        const auto owned = std::make_shared<ActionOnDestruction>([&] { was_destroyed = true; });
        const auto callback = [kept = owned] { ADD_FAILURE() << "called"; };
        EXPECT_EQ(loop.defer(callback), canceled);
        EXPECT_EQ(loop.post(callback), canceled);
        EXPECT_EQ(loop.poster().post(callback), canceled);
        EXPECT_EQ(loop.poster().wake(), canceled);
        EXPECT_FALSE(loop.after(1s, callback));
        EXPECT_FALSE(loop.every(1s, callback));
        EXPECT_FALSE(loop.at(Clock::now(), callback));
        EXPECT_FALSE(loop.on_wake(callback));
        EXPECT_FALSE(loop.on_signal(SIGTERM, callback));
        std::error_code error;
        EXPECT_FALSE(loop.on_signal(SIGTERM, callback, error));
        EXPECT_EQ(error, canceled);
        EXPECT_FALSE(loop.watch(pipe.reader(), Ready::readable, Mode::level, [](Ready) {}));
        EXPECT_FALSE(loop.run());
        EXPECT_FALSE(loop.run_one());
        EXPECT_FALSE(loop.run_for(1h));
        EXPECT_EQ(loop.stop(), canceled);
        EXPECT_EQ(loop.reopen(), canceled);
        EXPECT_EQ(loop.metrics().posts, 0U);
        EXPECT_FALSE(loop.choice().backend);
        auto keep_alive = loop.keep_alive();
        EXPECT_FALSE(keep_alive.close());
        EXPECT_EQ(owned.use_count(), 2) << "nothing was kept";
    };
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        for (std::size_t which = 0; which <= 5; ++which) {
            SCOPED_TRACE(which);
            FullLoop full(backend, ask);
            full.keep_only(which);
            EXPECT_EQ(full.destroyed, 0);
            full.destroy();
            EXPECT_EQ(full.destroyed, 1);
        }
    }
}

// Callbacks own handles of each kind, of other callbacks that own handles in turn, in any order of destruction.
TEST(Destroyed, with_handles_that_callbacks_own) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        for (int order = 0; order < 6; ++order) {
            const Pipe one, two;
            std::optional<Loop> loop(std::in_place, request(backend));
            int destroyed = 0;
            const auto count = [&] { return std::make_shared<ActionOnDestruction>([&] { ++destroyed; }); };
            auto timer = loop->after(1h, [owned = count()] {});
            auto watcher = loop->watch(one.reader(), Ready::readable, Mode::level, [owned = count()](Ready) {});
            auto wakes = loop->on_wake([owned = count()] {});
            const auto nest = [&](auto handle) {
                auto kept = std::make_shared<decltype(handle)>(std::move(handle));
                switch (order) {
                case 0:
                    return (void)loop->defer([kept] {});
                case 1:
                    return (void)loop->post([kept] {});
                case 2:
                    return (void)loop->defer([kept, more = std::make_shared<Timer>(loop->every(1h, [kept] {}))] {});
                default:
                    break;
                }
                auto owner = std::make_shared<Timer>(loop->after(1h, [kept] {}));
                if (order == 3) return (void)loop->defer([owner] {});
                if (order == 4)
                    return (void)loop->defer([owner = std::make_shared<Watcher>(loop->watch(
                                                  two.reader(), Ready::readable, Mode::level, [owner](Ready) {}))] {});
                return (void)loop->defer([owner = std::make_shared<WakeWatcher>(loop->on_wake([owner] {}))] {});
            };
            nest(std::move(timer));
            nest(std::move(watcher));
            nest(std::move(wakes));
            if (order % 2 == 1) loop->run_for(0ns);
            loop.reset();
            EXPECT_EQ(destroyed, 3);
        }
    }
}

// Callbacks, and the objects that they own, are also destroyed while the Loop works.
TEST(Destroyed, callbacks_whose_destruction_adds_others) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        const Pipe pipe;
        int calls = 0;
        std::vector<Timer> timers;
        const auto add = [&] {
            EXPECT_FALSE(loop.defer([&] { ++calls; }));
            EXPECT_FALSE(loop.post([&] { ++calls; }));
            timers.push_back(loop.after(0ns, [&] { ++calls; }));
        };
        const auto owning = [&] { return [owned = std::make_shared<ActionOnDestruction>(add)] {}; };
        EXPECT_FALSE(loop.defer(owning()));
        EXPECT_FALSE(loop.post(owning()));
        auto timer = loop.after(0ns, owning());
        auto wakes = loop.on_wake(owning());
        auto watcher = loop.watch(pipe.reader(), Ready::readable, Mode::level,
                                  [owned = std::make_shared<ActionOnDestruction>(add)](Ready) {});
        EXPECT_FALSE(loop.defer([&] {
            timer.close();
            wakes.close();
            watcher.close();
        }));
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(calls, 5 * 3);
    }
}

} // namespace
} // namespace pollux::loop::tests
