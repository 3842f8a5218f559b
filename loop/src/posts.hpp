// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/callback.hpp>
#include <pollux/poll.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace pollux {

/// What a Loop shares with its Posters and Holds.
///
/// A post wakes the Loop, unless a wake for functions that the Loop has not taken is known to have succeeded. So a
/// caller whose wake is left to another's knows its outcome, and what fails once is made up for by the next post.
///
/// Processes: fork() waits until no thread is inside, so that a child finds it whole.
class PostQueue {
  public:
    using Functions = std::vector<Callback<void()>>;

    /// Errors: std::bad_alloc
    PostQueue(const PollRegistrator& registrator, std::size_t limit);
    ~PostQueue();
    PostQueue(const PostQueue&) = delete;
    PostQueue& operator=(const PostQueue&) = delete;

    /// Takes the function unless it returns operation_canceled or resource_unavailable_try_again.
    std::error_code post(Callback<void()>&& function);
    std::error_code wake() const noexcept { return registrator_.wake(); }
    void hold() noexcept;
    /// An error is that of the wake, and the Loop is still held.
    std::error_code release() noexcept;
    /// Releases even if the wake fails.
    void drop_hold() noexcept;

    /// By the Loop: whether something was posted that it has not taken.
    bool any() const noexcept { return any_.load(std::memory_order_acquire); }
    /// Exchanges what was posted for an empty vector.
    void take(Functions& into) noexcept;
    /// Frees what the vector that take() left here has too much.
    void trim() noexcept;
    std::size_t size() const;
    /// Neither posts nor Holds.
    bool is_idle() const;
    /// The thread that runs the Loop now, which needs no wake: it checks any() before it sleeps.
    void run_by(std::thread::id thread) noexcept { thread_.store(thread, std::memory_order_relaxed); }
    const std::atomic<std::thread::id>& runner() const noexcept { return thread_; }
    bool is_own_thread() const noexcept {
        return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
    }
    /// Nothing is posted from now on; destroys what was.
    void close() noexcept;

  private:
    friend class PostQueues;

    PollRegistrator registrator_;
    const std::size_t limit_;
    std::atomic<bool> any_ = false;
    std::atomic<std::thread::id> thread_ = std::thread::id();
    std::atomic<std::uint64_t> woken_for_ = 0; // the last batch a wake is known to have succeeded for
    mutable std::mutex mutex_;                 // of all below
    Functions functions_;
    std::uint64_t batch_ = 1; // which one functions_ is: the Loop has taken those before
    std::size_t holds_ = 0;
    bool closed_ = false;

    // Of PostQueues.
    PostQueue* next_ = nullptr;
    PostQueue* previous_ = nullptr;
};

} // namespace pollux

namespace pollux::loop {

/// How many functions a vector may have room for, when it is empty, though it was not needed lately.
inline constexpr std::size_t always_kept = 4096;

/// Functions that are called in order, and what is left of them. The vector is freed when it is far larger than what
/// was needed lately, so that a flood leaves nothing behind; steady use allocates nothing.
class CallQueue {
  public:
    bool empty() const noexcept { return left_ == 0; }
    std::size_t size() const noexcept { return left_; }
    /// Of an empty one: `put` is given an empty vector, and leaves the functions there.
    void fill(auto&& put) noexcept {
        put(functions_);
        left_ = functions_.size();
    }
    Callback<void()> pop() noexcept {
        auto function = std::move(functions_[functions_.size() - left_]);
        if (--left_ == 0) finish();
        return function;
    }
    /// Nothing came for a while. False: there is no reason to come again.
    bool rest() noexcept {
        if (recent_ <= always_kept / 4) return false;
        recent_ -= recent_ / 4;
        if (empty()) trim();
        return true;
    }
    /// Destroys them; they may lead here again.
    void clear() noexcept {
        left_ = 0;
        PostQueue::Functions().swap(functions_);
    }

  private:
    /// They were moved from: nothing but memory is left.
    void finish() noexcept {
        const auto size = functions_.size();
        recent_ = recent_ - recent_ / 4 + size / 4;
        functions_.clear();
        trim();
    }
    void trim() noexcept {
        if (functions_.capacity() > std::max(always_kept, 8 * recent_)) PostQueue::Functions().swap(functions_);
    }

    PostQueue::Functions functions_;
    std::size_t left_ = 0;
    std::size_t recent_ = 0; // the mean of the last sizes, of which each counts a quarter less than the next
};

} // namespace pollux::loop
