// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/callback.hpp>
#include <pollux/poll.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace pollux {

/// What a Loop shares with its Posters and Holds.
class PostQueue {
  public:
    using Functions = std::vector<Callback<void()>>;

    explicit PostQueue(const PollRegistrator& registrator) : registrator_(registrator) {}

    std::error_code post(Callback<void()> function);
    std::error_code wake() const noexcept { return registrator_.wake(); }
    void hold() noexcept;
    void release() noexcept;

    /// By the Loop: whether something was posted that it has not taken.
    bool any() const noexcept { return any_.load(std::memory_order_acquire); }
    /// Exchanges what was posted for an empty vector.
    void take(Functions& into) noexcept;
    std::size_t size() const;
    /// Neither posts nor Holds.
    bool is_idle() const;
    /// The thread that runs the Loop now, which needs no wake: it looks at any() before it sleeps.
    void run_by(std::thread::id thread) noexcept { thread_.store(thread, std::memory_order_relaxed); }
    const std::atomic<std::thread::id>& runner() const noexcept { return thread_; }
    /// Nothing is posted from now on; destroys what was.
    void close() noexcept;

  private:
    bool is_own_thread() const noexcept {
        return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }

    PollRegistrator registrator_;
    std::atomic<bool> any_ = false;
    std::atomic<std::thread::id> thread_ = std::thread::id();
    mutable std::mutex mutex_; // of all below
    Functions functions_;
    std::size_t holds_ = 0;
    bool woken_ = false; // for what is in functions_
    bool closed_ = false;
};

} // namespace pollux

namespace pollux::loop {

/// Functions that are called in order, and what is left of them.
class CallQueue {
  public:
    bool empty() const noexcept { return left_ == 0; }
    std::size_t size() const noexcept { return left_; }
    /// Of an empty one: `put` is given an empty vector, and leaves the functions there.
    void fill(auto&& put) noexcept {
        functions_.clear();
        put(functions_);
        left_ = functions_.size();
    }
    Callback<void()> pop() noexcept { return std::move(functions_[functions_.size() - left_--]); }

  private:
    PostQueue::Functions functions_;
    std::size_t left_ = 0;
};

} // namespace pollux::loop
