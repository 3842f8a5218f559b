// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "post_protocol.hpp"
#include "system_memory.hpp"

#include <pollux/loop/callback.hpp>
#include <pollux/poll.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace pollux::loop {

/// A PostQueue holds the functions that are posted to a Loop, and the PostProtocol, which decides which thread wakes
/// the Loop. The Loop shares it with its Posters and KeepAlives.
///
/// Processes: fork() waits until no thread has its mutex, so that it is consistent in a child.
class PostQueue {
  public:
    using Functions = std::vector<Callback<void()>>;

    /// Errors: std::bad_alloc
    PostQueue(const PollRegistrator& registrator, std::size_t limit);
    ~PostQueue();
    PostQueue(const PostQueue&) = delete;
    PostQueue& operator=(const PostQueue&) = delete;

    /// Moves from `function` unless it returns operation_canceled or resource_unavailable_try_again.
    std::error_code post(Callback<void()>&& function);
    std::error_code wake() const noexcept { return registrator_.wake(); }
    void hold() noexcept { protocol_.hold(); }
    /// Ends a hold(). After an error, which is that of the wake, the Loop is still held.
    std::error_code release() noexcept;
    /// Ends a hold() without a wake.
    void drop_hold() noexcept { protocol_.drop_hold(); }

    /// For the Loop: returns whether a function was posted that it has not taken.
    bool any() const noexcept { return protocol_.any(); }
    /// Exchanges the functions that were posted for an empty vector.
    void take(Functions& into) noexcept;
    /// Frees the excess capacity of the vector that take() left here.
    void trim() noexcept;
    std::size_t size() const;
    /// Returns whether there are neither posts nor KeepAlives.
    bool is_idle() const;
    /// Sets the thread that runs the Loop now, which needs no wake: it checks any() before it sleeps.
    void run_by(std::thread::id thread) noexcept { protocol_.run_by(thread); }
    const std::atomic<std::thread::id>& runner() const noexcept { return protocol_.runner(); }
    bool is_own_thread() const noexcept { return protocol_.is_own_thread(); }
    /// Refuses posts from now on, and destroys the functions that were posted.
    void close() noexcept;

  private:
    friend class PostQueues;

    PollRegistrator registrator_;
    const std::size_t limit_;
    loop::PostProtocol<loop::SystemMemory> protocol_;
    Functions functions_ POLLUX_GUARDED_BY(protocol_.mutex());

    // The links of PostQueues.
    PostQueue* next_ = nullptr;
    PostQueue* previous_ = nullptr;
};

/// The capacity that an empty vector of functions may keep although it was not needed lately.
inline constexpr std::size_t always_kept = 4096;

/// A queue of functions that are called in order. The vector is freed when it is far larger than was needed lately, so
/// that the memory of a flood is freed; steady use allocates nothing.
class CallQueue {
  public:
    bool empty() const noexcept { return left_ == 0; }
    std::size_t size() const noexcept { return left_; }
    /// Fills an empty queue: `put` receives an empty vector, and puts the functions there.
    void fill(auto&& put) noexcept {
        put(functions_);
        left_ = functions_.size();
    }
    Callback<void()> pop() noexcept {
        auto function = std::move(functions_[functions_.size() - left_]);
        if (--left_ == 0) finish();
        return function;
    }
    /// Frees memory when the Loop had nothing to do for a while. Returns false if further calls would free none.
    bool decay() noexcept {
        if (recent_ <= always_kept / 4) return false;
        recent_ -= recent_ / 4;
        if (empty()) trim();
        return true;
    }
    /// Destroys the functions, whose destructors may call this again.
    void clear() noexcept {
        left_ = 0;
        PostQueue::Functions().swap(functions_);
    }

  private:
    /// Frees the functions, all of which were moved from.
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
    std::size_t recent_ = 0; // the mean of the last sizes, each weighted a quarter less than the next
};

} // namespace pollux::loop
