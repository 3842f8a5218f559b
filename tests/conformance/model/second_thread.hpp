// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

namespace pollux::conformance::model {

/// A Semaphore sleeps at once: that of the standard library calls sched_yield(2) first, which takes longer here.
class Semaphore {
  public:
    Semaphore() { sem_init(&semaphore_, 0, 0); }
    ~Semaphore() { sem_destroy(&semaphore_); }
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;

    void post() { sem_post(&semaphore_); }
    void wait() {
        while (sem_wait(&semaphore_) == -1) {} // EINTR
    }

  private:
    sem_t semaphore_;
};

/// A SecondThread runs one function at a time for another thread.
class SecondThread {
  public:
    SecondThread() : thread_([this] { run(); }) {}
    ~SecondThread() {
        start({});
        thread_.join();
    }
    SecondThread(const SecondThread&) = delete;
    SecondThread& operator=(const SecondThread&) = delete;

    /// Starts the function beside the caller, which has to call wait() later. An empty function ends the thread.
    void start(std::function<void()> function) {
        function_ = std::move(function);
        is_busy_ = true;
        begins_.post();
    }
    bool is_busy() const { return is_busy_; }
    void wait() { ends_.wait(); }

    /// Runs the function while the caller waits. The thread then stays on the caller's processor, since waking another
    /// one takes longer than most functions.
    void call(std::function<void()> function) {
        const int processor = sched_getcpu();
        if (processor >= 0 && processor != std::exchange(processor_, processor)) {
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET(static_cast<unsigned>(processor), &set);
            // If this is refused, the thread works without it, and slower.
            pthread_setaffinity_np(thread_.native_handle(), sizeof set, &set);
        }
        start(std::move(function));
        wait();
    }

  private:
    void run() {
        for (;;) {
            begins_.wait();
            if (!function_) return;
            function_();
            is_busy_ = false;
            ends_.post();
        }
    }

    Semaphore begins_, ends_;
    std::function<void()> function_;
    std::atomic<bool> is_busy_ = false;
    int processor_ = -1; // the processor of the thread
    std::thread thread_;
};

} // namespace pollux::conformance::model
