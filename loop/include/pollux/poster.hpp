// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/callback.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace pollux {

class PostQueue;

/// Keeps a Loop running while this lives, for posts to come [post.hold].
///
/// Threads:  any; one object of it by one thread at a time.
/// Lifetime: independent of the Loop. In a forked child those of threads that stayed with the parent are never
/// released.
class Hold {
  public:
    Hold() noexcept = default;
    Hold(Hold&& other) noexcept = default;
    Hold& operator=(Hold&& other) noexcept {
        Hold taken(std::move(other));
        posts_.swap(taken.posts_);
        return *this;
    }
    /// As release(). If the wake fails three times, the Loop ends when something else wakes it.
    ~Hold();

    /// Lets the Loop end, and wakes it, as it may have nothing left to do. Does nothing if it was released before.
    ///
    /// Errors: those of Registrator::wake(): the Loop is still held; call it again  [post.release_again]
    std::error_code release() noexcept;

  private:
    friend class Poster;
    explicit Hold(std::shared_ptr<PostQueue> posts) noexcept;

    std::shared_ptr<PostQueue> posts_;
};

/// The way in to a Loop for other threads: copies are cheap, and lead to the same Loop.
///
/// Threads:  every call from any thread, also of one object; copying and destruction as for any value.
/// Lifetime: independent of the Loop. One that was moved from can only be destroyed or assigned to.
class Poster {
  public:
    /// Has the Loop call a function in its own thread: in the order of the posts [post.order]. One wake serves all
    /// posts of a turn [post.one_wake]. What the caller wrote before is seen by the function. It never waits for the
    /// Loop; the function is destroyed right after its call, and without one if the Loop dies before.
    ///
    /// Errors: operation_canceled              the Loop is gone                        [post.loop_gone]
    ///         resource_unavailable_try_again  LoopOptions::posts functions are there   [post.bounded]
    ///         With these two the function is left with the caller, as with the exceptions:
    ///         std::bad_alloc, std::invalid_argument if the function is empty
    ///         and those of Registrator::wake(): the function will be called when the Loop has another reason to turn,
    ///         and the next post wakes again [post.wake_fails]; no_such_process in a forked child: after reopen()
    std::error_code post(Callback<void()>&& function) const;

    /// Wakes the Loop, for the callbacks of on_wake(). So a Poster is what an event_queue() of pollux::notify can be
    /// bound to.
    ///
    /// Errors: those of Registrator::wake(); operation_canceled  the Loop is gone     [post.loop_gone]
    std::error_code wake() const noexcept;

    /// Of a Loop that is gone it holds nothing.
    Hold hold() const noexcept;

  private:
    friend class Loop;
    explicit Poster(std::shared_ptr<PostQueue> posts) noexcept : posts_(std::move(posts)) {}

    std::shared_ptr<PostQueue> posts_;
};

} // namespace pollux
