// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <utility>

namespace pollux {

/// The base of the objects in a Loop that handles refer to. Internal.
class HandleTarget {
  public:
    HandleTarget(const HandleTarget&) = delete;
    HandleTarget& operator=(const HandleTarget&) = delete;

  protected:
    HandleTarget() noexcept = default;
    ~HandleTarget() = default;
};

/// The base of the parts of a Loop that own the targets of handles, one part for each kind. Internal.
class HandleOwner {
  public:
    virtual ~HandleOwner() {
        detach_handles();
        control_->release();
    }
    HandleOwner(const HandleOwner&) = delete;
    HandleOwner& operator=(const HandleOwner&) = delete;

    virtual void end(HandleTarget& target) noexcept = 0;
    virtual void set_background(HandleTarget& target, bool background) noexcept = 0;

    /// Makes its handles empty.
    void detach_handles() noexcept { control_->owner = nullptr; }

  protected:
    HandleOwner() : control_(new ControlBlock{this}) {}

  private:
    friend class Handle;

    /// The reference-counted block that handles share with their owner. Targets hold no pointers to handles, so a
    /// handle moves without an access to its target.
    struct ControlBlock {
        HandleOwner* owner; // null once the owner is destroyed
        std::size_t references = 1;

        ControlBlock* retain() noexcept {
            ++references;
            return this;
        }
        void release() noexcept {
            if (--references == 0) delete this;
        }
    };

    ControlBlock* const control_;
};

/// The base of Watcher, Timer, SignalWatcher, WakeWatcher and PollHook: owns one of these in a Loop, and ends it when
/// it is destroyed. It is moved, not copied. The functions of an empty handle do nothing.
///
/// Threads:  that of the Loop. Once the Loop is destroyed, one thread at a time may use its handles.
/// Lifetime: may outlive the Loop, whose destruction makes it empty                     [handle.outlives_loop]
///           May be destroyed at any time, even in a callback, its own or another's.    [handle.destroyed_in_callback]
///           The callback and what it owns are destroyed in phase `close` of the turn,
///           or at once when no turn is under way.                                      [loop.close]
class Handle {
  public:
    /// Returns whether it owns something that has not ended.
    explicit operator bool() const noexcept { return control_ && control_->owner; }

    /// Does what the destructor does: no callback runs from now on, and the handle is empty.
    ///                                                                                  [loop.no_stale_callback]
    void end() noexcept {
        auto* const control = std::exchange(control_, nullptr);
        if (!control) return;
        if (control->owner) control->owner->end(*target_);
        control->release();
    }

    /// In the background it is called as before, but does not keep run() from returning.  [loop.background]
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
    ~Handle() { end(); }

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

} // namespace pollux
