// SPDX-License-Identifier: BSL-1.0
// Loops that are destroyed while functions, timers and handles refer to them.
#include "museum.hpp"

#include <atomic>
#include <csignal>
#include <memory>
#include <optional>
#include <thread>

namespace pollux::museum {
namespace {

/// A CallsLoopWhenDestroyed calls functions of a Loop from its destructor. The calls may be refused with an error or an
/// exception.
class CallsLoopWhenDestroyed {
  public:
    CallsLoopWhenDestroyed(loop::Loop& loop, loop::Poster poster) : loop_(&loop), poster_(std::move(poster)) {}
    ~CallsLoopWhenDestroyed() {
        try_call([&] { static_cast<void>(loop_->defer([] {})); });
        try_call([&] { static_cast<void>(poster_.post([] {})); });
        try_call([&] { static_cast<void>(loop_->after(0ns, [] {})); });
        try_call([&] { static_cast<void>(loop_->stop()); });
    }
    CallsLoopWhenDestroyed(const CallsLoopWhenDestroyed&) = delete;
    CallsLoopWhenDestroyed& operator=(const CallsLoopWhenDestroyed&) = delete;

  private:
    static void try_call(const auto& call) {
        try {
            call();
        } catch (const std::exception&) { // refused
        }
    }

    loop::Loop* loop_;
    loop::Poster poster_;
};

REPORTED_BUG(defers_from_a_destructor, "chriskohlhoff/asio#1245, boostorg/asio#143",
             "A function that was never called owns an object whose destructor uses the loop: the loop destroys the "
             "function after the members that the destructor uses.") {
    EXPECT_EQ(in_child([&] {
                  loop::Loop loop(request(backend));
                  for (int i = 0; i < 50; ++i)
                      static_cast<void>(
                          loop.defer([caller = std::make_shared<CallsLoopWhenDestroyed>(loop, loop.poster())] {}));
              }),
              "");
}

REPORTED_BUG(
    posts_from_a_destructor, "SerenityOS/serenity#10611",
    "A queued event is destroyed with its loop, and its destructor queues another event: the queue is used while "
    "it is being destroyed.") {
    EXPECT_EQ(in_child([&] {
                  loop::Loop loop(request(backend));
                  for (int i = 0; i < 50; ++i) {
                      EXPECT_FALSE(
                          loop.post([caller = std::make_shared<CallsLoopWhenDestroyed>(loop, loop.poster())] {}));
                  }
              }),
              "");
}

REPORTED_BUG(
    arms_a_timer_from_a_destructor, "chriskohlhoff/asio#1121",
    "A suspended operation is destroyed with its loop, and its destructor starts the next operation: it arms a "
    "timer of a loop that is being destroyed.") {
    EXPECT_EQ(in_child([&] {
                  std::vector<loop::Timer> timers;
                  loop::Loop loop(request(backend));
                  for (int i = 0; i < 50; ++i) {
                      const auto caller = std::make_shared<CallsLoopWhenDestroyed>(loop, loop.poster());
                      timers.push_back(loop.after(1h, [caller] {}));
                      timers.push_back(loop.after(0ns, [caller] {}));
                  }
              }),
              "");
}

REPORTED_BUG(
    ends_watches_from_a_destructor, "LadybirdBrowser/ladybird#300, SerenityOS/serenity#1403",
    "An object is destroyed with its loop, and its destructor ends other watches of the loop: their memory has "
    "been freed already.") {
    EXPECT_EQ(in_child([&] {
                  struct Connection {
                      ~Connection() {
                          for (auto* other : others) {
                              other->change(Ready::writable);
                              other->close();
                          }
                      }
                      std::vector<loop::Watcher*> others;
                  };
                  const auto pairs = std::vector{std::make_shared<Pair>(make_pair(Kind::local)),
                                                 std::make_shared<Pair>(make_pair(Kind::local))};
                  std::vector<loop::Watcher> watchers(2);
                  loop::Loop loop(request(backend));
                  for (std::size_t i = 0; i < 2; ++i) {
                      auto owned = std::make_shared<Connection>();
                      owned->others = {&watchers[1 - i]};
                      watchers[i] = loop.watch(
                          pairs[i]->near.get(), Ready::readable, Mode::level,
                          [owned, caller = std::make_shared<CallsLoopWhenDestroyed>(loop, loop.poster())](Ready) {});
                  }
                  loop.run_for(0ns);
              }),
              "");
}

REPORTED_BUG(
    outlives_its_loop, "zaphoyd/websocketpp#510",
    "Handles and work guards of a loop are destroyed after the loop: they decrement counters in freed memory.") {
    const auto pair = make_pair(Kind::local);
    loop::Watcher watcher;
    loop::Timer timer;
    loop::WakeWatcher wakes;
    loop::SignalWatcher signals;
    loop::KeepAlive keep_alive;
    std::optional<loop::Poster> poster;
    {
        loop::Loop loop(request(backend));
        watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
        timer = loop.after(1h, [] {});
        wakes = loop.on_wake([] {});
        signals = loop.on_signal(SIGUSR1, [] {});
        keep_alive = loop.keep_alive();
        poster = loop.poster();
        loop.run_for(0ns);
    }
    watcher.change(Ready::writable);
    timer.rearm(1s);
    EXPECT_EQ(poster->post([] {}), std::errc::operation_canceled);
    EXPECT_EQ(poster->wake(), std::errc::operation_canceled);
    EXPECT_FALSE(keep_alive.close());
    for (auto* handle : std::initializer_list<loop::Handle*>{&watcher, &timer, &wakes, &signals}) {
        EXPECT_FALSE(*handle);
        handle->close();
    }
}

REPORTED_BUG(
    is_destroyed_beside_posts, "ByConity/ByConity#1647",
    "A loop is destroyed while other threads post to it and wake it: its destructor waits forever, or the threads "
    "use freed memory.") {
    for (Rounds rounds(200); rounds.next();) {
        std::optional<loop::Loop> loop(std::in_place, request(backend));
        std::atomic<bool> is_over = false;
        std::vector<std::thread> threads;
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&is_over, poster = loop->poster()] {
                while (!is_over && !poster.post([] {})) static_cast<void>(poster.wake());
            });
        }
        loop->run_for(0ns);
        loop.reset();
        is_over = true;
        for (auto& thread : threads) thread.join();
    }
}

} // namespace
} // namespace pollux::museum
