// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace pollux::loop {

/// A HandleTarget is an object in a Loop that handles refer to: the base class of slots.
class HandleTarget {
  public:
    HandleTarget(const HandleTarget&) = delete;
    HandleTarget& operator=(const HandleTarget&) = delete;

  protected:
    HandleTarget() noexcept = default;
    ~HandleTarget() = default;
};

/// A HandleOwner is a part of a Loop that owns the targets of handles: one part for each kind.
class HandleOwner {
  public:
    virtual ~HandleOwner() {
        detach_handles();
        control_->release();
    }
    HandleOwner(const HandleOwner&) = delete;
    HandleOwner& operator=(const HandleOwner&) = delete;

    virtual void close(HandleTarget& target) noexcept = 0;
    virtual void set_background(HandleTarget& target, bool background) noexcept = 0;

    /// Makes its handles empty.
    void detach_handles() noexcept { control_->owner = nullptr; }

  protected:
    HandleOwner() : control_(new ControlBlock{this}) {}

  private:
    friend class Handle;

    /// A ControlBlock is a reference-counted block that handles share with their owner. Targets hold no pointers to
    /// handles, so a handle moves without an access to its target.
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

} // namespace pollux::loop
