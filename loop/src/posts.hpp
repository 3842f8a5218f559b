// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "post_protocol.hpp"
#include "system_memory.hpp"

#include <pollux/callback.hpp>
#include <pollux/poll.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace pollux {

/// What a Loop shares with its Posters and Holds: the functions, and the PostProtocol, which says who wakes the Loop.
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
    void hold() noexcept { protocol_.hold(); }
    /// An error is that of the wake, and the Loop is still held.
    std::error_code release() noexcept;
    /// Releases without a wake.
    void drop_hold() noexcept { protocol_.drop_hold(); }

    /// By the Loop: whether something was posted that it has not taken.
    bool any() const noexcept { return protocol_.any(); }
    /// Exchanges what was posted for an empty vector.
    void take(Functions& into) noexcept;
    /// Frees what the vector that take() left here has too much.
    void trim() noexcept;
    std::size_t size() const;
    /// Neither posts nor Holds.
    bool is_idle() const;
    /// The thread that runs the Loop now, which needs no wake: it checks any() before it sleeps.
    void run_by(std::thread::id thread) noexcept { protocol_.run_by(thread); }
    const std::atomic<std::thread::id>& runner() const noexcept { return protocol_.runner(); }
    bool is_own_thread() const noexcept { return protocol_.is_own_thread(); }
    /// Nothing is posted from now on; destroys what was.
    void close() noexcept;

  private:
    friend class PostQueues;

    PollRegistrator registrator_;
    const std::size_t limit_;
    loop::PostProtocol<loop::SystemMemory> protocol_;
    Functions functions_; // under its mutex

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
