// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "slots.hpp"

#include <pollux/loop/callback.hpp>

#include <utility>

namespace pollux::loop {

class PollHooks;

/// A PollHookSlot is the target of a PollHook.
class PollHookSlot final : public Slot {
  public:
    PollHookSlot(ReadyLists& lists, PollHooks& hooks) noexcept : Slot(lists, SlotKind::poll_hook), hooks_(hooks) {}

    void close() noexcept override;

  private:
    friend class PollHooks;
    void unregister() noexcept override {}

    PollHooks& hooks_;
    Callback<void()> before_, after_; // either may be empty
};

/// A PollHooks object owns the callbacks that a Loop calls before and after it polls its backend. There are few, so
/// each poll visits all slots.
class PollHooks final : public SlotOwner {
  public:
    explicit PollHooks(ReadyLists& lists) : lists_(lists) {}

    PollHookSlot& add(Callback<void()> before, Callback<void()> after) {
        auto& slot = slots_.allocate(lists_, *this);
        slot.before_ = std::move(before);
        slot.after_ = std::move(after);
        slot.set_background(true);
        slot.set_pending(true);
        return slot;
    }

    void call_before() { call(&PollHookSlot::before_); }
    void call_after() { call(&PollHookSlot::after_); }

    /// Destroys the callbacks of a Loop that is being destroyed.
    void clear_callbacks() noexcept {
        for (std::uint32_t index = 0; index < slots_.size(); ++index) clear(slots_[index]);
    }

  private:
    friend class PollHookSlot;

    static void clear(PollHookSlot& slot) noexcept {
        slot.before_.clear();
        slot.after_.clear();
    }
    void call(Callback<void()> PollHookSlot::*callback) {
        for (std::uint32_t index = 0; index < slots_.size(); ++index) {
            auto& slot = slots_[index];
            if (slot.is_pending() && slot.*callback) (slot.*callback)();
        }
    }

    ReadyLists& lists_;
    SlotPool<PollHookSlot> slots_;
};

inline void PollHookSlot::close() noexcept {
    PollHooks::clear(*this);
    hooks_.slots_.free(*this);
}

} // namespace pollux::loop
