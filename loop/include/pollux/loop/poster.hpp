// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/callback.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace pollux::loop {

class PostQueue;

/// A KeepAlive keeps run() from returning until it is closed or destroyed, for a thread
/// that will post later (asio: work guard).                                             [loop.keep_alive]
///
/// Threads:  any thread; one thread at a time may use an object.
/// Lifetime: may outlive the Loop. In a forked child, KeepAlives of threads that exist only in the parent are never
/// closed.
class KeepAlive {
  public:
    KeepAlive() noexcept = default;
    KeepAlive(KeepAlive&& other) noexcept = default;
    KeepAlive& operator=(KeepAlive&& other) noexcept {
        KeepAlive taken(std::move(other));
        posts_.swap(taken.posts_);
        return *this;
    }
    /// Closes it. If the wake fails three times, run() does not return until something else wakes the Loop.
    ~KeepAlive();

    /// Allows run() to return, and wakes the Loop, which may have nothing left to do. Does nothing if called again.
    ///
    /// Errors: those of Registrator::wake(): run() still does not return; call close() again
    ///                                                                                  [post.close_again]
    [[nodiscard]] std::error_code close() noexcept;

  private:
    friend class Poster;
    explicit KeepAlive(std::shared_ptr<PostQueue> posts) noexcept;

    std::shared_ptr<PostQueue> posts_;
};

/// A Poster posts functions to a Loop from other threads. Copies are cheap, and post to the same Loop.
///
/// Threads:  any thread may call any function, even of one object; copying and destruction as for any value.
/// Lifetime: may outlive the Loop. An object that was moved from can only be destroyed or assigned to.
class Poster {
  public:
    /// Makes the Loop call `function` in its own thread, in the order of the posts.     [post.order]
    /// One wake serves all posts of a turn.                                             [post.one_wake]
    /// The function sees what the caller wrote before. The call does not wait for the Loop. The function is destroyed
    /// right after its call, or uncalled if the Loop is destroyed before.
    ///
    /// Errors: operation_canceled              the Loop is destroyed                    [post.loop_gone]
    ///         resource_unavailable_try_again  LoopOptions::posts functions wait already  [post.bounded]
    ///         After these two the caller still owns the function, as after the exceptions:
    ///         std::bad_alloc, std::invalid_argument if the function is empty
    ///         and those of Registrator::wake(): the Loop calls the function when something else wakes it, and the next
    ///         post wakes it again                                                      [post.wake_fails]
    ///         no_such_process in a forked child: the Loop calls the function after reopen()
    [[nodiscard]] std::error_code post(Callback<void()>&& function) const;

    /// Wakes the Loop, which calls the callbacks of on_wake(). So an event_queue() of pollux::notify can be bound to
    /// a Poster.
    ///
    /// Errors: those of Registrator::wake(); operation_canceled  the Loop is destroyed  [post.loop_gone]
    [[nodiscard]] std::error_code wake() const noexcept;

    /// Keeps run() from returning as long as the result lives; has no effect if the Loop is destroyed.
    KeepAlive keep_alive() const noexcept;

  private:
    friend class Loop;
    explicit Poster(std::shared_ptr<PostQueue> posts) noexcept : posts_(std::move(posts)) {}

    std::shared_ptr<PostQueue> posts_;
};

} // namespace pollux::loop
