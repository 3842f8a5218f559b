// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "call_queue.hpp"
#include "post_protocol.hpp"
#include "system_memory.hpp"

#include <pollux/loop/callback.hpp>
#include <pollux/poll.hpp>

#include <atomic>
#include <cstddef>
#include <system_error>
#include <thread>

namespace pollux::loop {

/// A PostQueue holds the functions that are posted to a Loop, and the PostProtocol, which decides which thread wakes
/// the Loop. The Loop shares it with its Posters and KeepAlives.
///
/// Processes: fork() waits until no thread has its mutex, so that it is consistent in a child.
class PostQueue {
  public:
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

} // namespace pollux::loop
