// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

namespace pollux {

class Handle;

/// What a handle stands for, inside a Loop: not for programs.
class Handled {
  public:
    Handled(const Handled&) = delete;
    Handled& operator=(const Handled&) = delete;

    virtual void end() noexcept = 0;
    virtual void set_background(bool background) noexcept = 0;

    void be_handled_by(Handle* handle) noexcept { handle_ = handle; }
    /// Leaves the handle behind, empty.
    void forget_handle() noexcept;

  protected:
    Handled() noexcept = default;
    ~Handled() = default;

  private:
    Handle* handle_ = nullptr;
};

/// What Watcher, Timer, SignalWatcher and WakeWatcher have in common: moved, not copied; what it stands for ends with
/// it. An empty one stands for nothing, and its functions do nothing.
///
/// Threads:  that of its Loop.
/// Lifetime: independent of the Loop, whose end makes it empty [handle.outlives_loop]; it may die at any time, also
///           in its own callback or in another's [handle.dies_anywhere]. The callback and what it owns is destroyed in
///           the turn's phase `close`, and at once when no turn is under way [loop.close].
class Handle {
  public:
    /// Whether it stands for something.
    explicit operator bool() const noexcept { return handled_ != nullptr; }

    /// As destruction: no callback from now on [loop.nothing_stale]. It is empty then.
    void end() noexcept {
        if (auto* handled = std::exchange(handled_, nullptr)) {
            handled->be_handled_by(nullptr);
            handled->end();
        }
    }

    /// In the background it is served as before, but does not keep the Loop running [loop.background].
    void in_background(bool background = true) noexcept {
        if (handled_) handled_->set_background(background);
    }

  protected:
    Handle() noexcept = default;
    explicit Handle(Handled& handled) noexcept : handled_(&handled) { tell(); }
    Handle(Handle&& other) noexcept : handled_(std::exchange(other.handled_, nullptr)) { tell(); }
    Handle& operator=(Handle&& other) noexcept {
        Handle taken(std::move(other)); // and with it ends what this stood for
        std::swap(handled_, taken.handled_);
        tell();
        taken.tell();
        return *this;
    }
    ~Handle() { end(); }

    Handled* handled() const noexcept { return handled_; }

  private:
    friend class Handled;
    void tell() noexcept {
        if (handled_) handled_->be_handled_by(this);
    }

    Handled* handled_ = nullptr;
};

inline void Handled::forget_handle() noexcept {
    if (handle_) handle_->handled_ = nullptr;
    handle_ = nullptr;
}

} // namespace pollux
