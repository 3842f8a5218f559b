// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/internal/handle_owner.hpp>

#include <utility>

namespace pollux::loop {

/// A Handle owns a watch, a timer or another callback of a Loop, and ends it when it is destroyed: the base class of
/// Watcher, Timer, SignalWatcher, WakeWatcher and PollHook. It is moved, not copied. The functions of an empty handle
/// do nothing.
///
/// Threads:  that of the Loop. Once the Loop is destroyed, one thread at a time may use its handles.
/// Lifetime: may outlive the Loop, whose destruction makes it empty.                    [handle.outlives_loop]
///           May be destroyed at any time, even in a callback, its own or another's.    [handle.destroyed_in_callback]
///           The callback and what it owns are destroyed in phase `close` of the turn,
///           or at once when no turn is under way.                                      [loop.close]
class Handle {
  public:
    /// Returns whether the handle owns a watch, timer or other callback that has not ended.
    explicit operator bool() const noexcept { return control_ && control_->owner; }

    /// Ends what the handle owns, as the destructor does: no callback runs from now on, and the handle is empty.
    ///                                                                                  [loop.no_stale_callback]
    void close() noexcept {
        auto* const control = std::exchange(control_, nullptr);
        if (!control) return;
        if (control->owner) control->owner->close(*target_);
        control->release();
    }

    /// Sets whether the handle is in the background (libuv: unref): its callback is called as before, but the handle
    /// does not keep run() from returning.                                              [loop.background]
    void in_background(bool background = true) noexcept {
        if (*this) control_->owner->set_background(*target_, background);
    }

  protected:
    Handle() noexcept = default;
    Handle(HandleOwner& owner, HandleTarget& target) noexcept : control_(owner.control_->retain()), target_(&target) {}
    Handle(Handle&& other) noexcept : control_(std::exchange(other.control_, nullptr)), target_(other.target_) {}
    Handle& operator=(Handle&& other) noexcept {
        Handle taken(std::move(other)); // its destructor ends what this handle owned
        std::swap(control_, taken.control_);
        std::swap(target_, taken.target_);
        return *this;
    }
    ~Handle() { close(); }

    // Only for a handle that is not empty.
    template <typename T>
    T& target() const noexcept {
        return static_cast<T&>(*target_);
    }
    template <typename K>
    K& owner() const noexcept {
        return static_cast<K&>(*control_->owner);
    }

  private:
    HandleOwner::ControlBlock* control_ = nullptr; // null: the handle is empty
    HandleTarget* target_ = nullptr;
};

} // namespace pollux::loop
