// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace pollux::conformance::model {

/// A thread that carries out one function at a time for another thread.
class SecondThread {
  public:
    SecondThread() : thread_([this] { run(); }) {}
    ~SecondThread() {
        start({});
        thread_.join();
    }
    SecondThread(const SecondThread&) = delete;
    SecondThread& operator=(const SecondThread&) = delete;

    /// An empty function ends the thread.
    void start(std::function<void()> function) {
        const std::lock_guard lock(mutex_);
        function_ = std::move(function);
        is_busy_ = true;
        changed_.notify_all();
    }
    bool is_busy() const { return is_busy_; }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !is_busy_; });
    }

  private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return is_busy_.load(); });
            if (!function_) return;
            lock.unlock();
            function_();
            lock.lock();
            is_busy_ = false;
            changed_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::function<void()> function_;
    std::atomic<bool> is_busy_ = false;
    std::thread thread_;
};

} // namespace pollux::conformance::model
