// SPDX-License-Identifier: BSL-1.0
// Threads that are cancelled by pthread_cancel(3) while they wait, or in a callback.
#include "museum.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace pollux::museum {
namespace {

/// A CancellableThread can be cancelled, unlike std::thread, which is not joinable afterwards.
class CancellableThread {
  public:
    explicit CancellableThread(std::function<void()> body) : body_(std::move(body)) {
        EXPECT_EQ(pthread_create(&thread_, nullptr, &CancellableThread::run, this), 0);
    }
    void cancel() const { EXPECT_EQ(pthread_cancel(thread_), 0); }
    /// Whether the thread was cancelled, and did not return.
    bool join() const {
        void* result = nullptr;
        EXPECT_EQ(pthread_join(thread_, &result), 0);
        return result == PTHREAD_CANCELED;
    }

  private:
    static void* run(void* self) {
        static_cast<CancellableThread*>(self)->body_();
        return nullptr;
    }

    std::function<void()> body_;
    pthread_t thread_{};
};

/// A WaitingThread sleeps in Poll::poll().
struct WaitingThread {
    WaitingThread(const std::string& backend, int cancel_state)
        : checked(backend), thread([this, cancel_state] {
              pthread_setcancelstate(cancel_state, nullptr);
              number = conformance::thread_number();
              static_cast<void>(checked.poll.poll(checked.events));
              has_returned = true;
              pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
              pthread_testcancel();
          }) {
        while (number == 0) std::this_thread::yield();
        conformance::wait_until_asleep(number, [] { return false; });
    }

    std::atomic<int> number = 0;
    std::atomic<bool> has_returned = false;
    CheckedPoll checked;
    CancellableThread thread;
};

REPORTED_BUG(
    is_cancelled_while_it_waits, "boostorg/coroutine2#28",
    "Another thread cancels the one that waits in the loop: the cancellation unwinds functions that let nothing "
    "through, or leaves a lock behind, and the threads that are left wait for it forever.") {
#ifdef __GLIBC__
    EXPECT_EQ(in_child([&] {
                  const rlimit no_core{};
                  setrlimit(RLIMIT_CORE, &no_core);
                  // Standard error gets nothing but how it ends, and races that ThreadSanitizer sees wrongly in the
                  // unwinding of its own functions.
                  EXPECT_NE(std::freopen("/dev/null", "w", stderr), nullptr);
                  WaitingThread waiting(backend, PTHREAD_CANCEL_ENABLE);
                  waiting.thread.cancel();
                  // The system calls of io_uring are no cancellation points: that thread runs on to the next one.
                  while (true) {
                      EXPECT_FALSE(waiting.checked.poll.registrator().wake());
                      std::this_thread::sleep_for(1ms);
                  }
              }),
              "ended by signal " + std::to_string(SIGABRT));
#else
    GTEST_SKIP() << "not checked: what other C libraries than glibc do";
#endif
}

REPORTED_BUG(defers_the_cancellation_until_it_has_waited, "libfuse/libfuse#1304",
             "A thread is to be ended by its cancellation, and enables that only outside of the wait: the wait is not "
             "ended, or another thread has no way to end it.") {
    WaitingThread waiting(backend, PTHREAD_CANCEL_DISABLE);
    waiting.thread.cancel();
    EXPECT_FALSE(waiting.has_returned);
    EXPECT_FALSE(waiting.checked.poll.registrator().wake());
    EXPECT_TRUE(waiting.thread.join());
    EXPECT_TRUE(waiting.has_returned);
    ASSERT_EQ(waiting.checked.events.size(), 1U);
    EXPECT_EQ(waiting.checked.events[0].token, wake_token);
    EXPECT_TRUE(waiting.checked.is_quiet());
}

REPORTED_BUG(
    is_cancelled_in_a_callback, "boostorg/coroutine2#28",
    "A callback waits for something else and its thread is cancelled there: the loop swallows the cancellation, "
    "which ends the process, or cannot be used by another thread afterwards.") {
    loop::Loop loop(request(backend));
    const auto keep_alive = loop.keep_alive();
    const auto never = make_pair(Kind::pipe), pair = make_pair(Kind::local);
    conformance::set_blocking(never.near, true);
    conformance::write(pair.far, "x");
    std::atomic<bool> is_blocked = false;
    int calls = 0;
    const auto block_once = [&] {
        if (++calls != 1) return static_cast<void>(loop.stop());
        is_blocked = true;
        char byte = 0;
        EXPECT_EQ(::read(never.near, &byte, 1), 1);
    };
    std::optional<loop::Timer> timer;
    std::optional<loop::Watcher> watcher;
    const std::function<void()> phases[] = {
        [&] { timer = loop.every(1ms, block_once); },
        [&] { watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) { block_once(); }); },
        [&] {
            for (int i = 0; i < 2; ++i) EXPECT_FALSE(loop.post(block_once));
        },
        [&] {
            for (int i = 0; i < 2; ++i) static_cast<void>(loop.defer(block_once));
        }};
    for (const auto& prepare : phases) {
        calls = 0;
        is_blocked = false;
        prepare();
        const CancellableThread thread([&] { loop.run(); });
        while (!is_blocked) std::this_thread::yield();
        thread.cancel();
        EXPECT_TRUE(thread.join());
        const Watchdog watchdog(loop);
        EXPECT_TRUE(loop.run());
        EXPECT_EQ(calls, 2);
        timer.reset();
        watcher.reset();
    }
}

} // namespace
} // namespace pollux::museum
