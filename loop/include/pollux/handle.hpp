// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <utility>

namespace pollux {

/// The base of the objects in a Loop that handles refer to. Internal.
class Handled {
  public:
    Handled(const Handled&) = delete;
    Handled& operator=(const Handled&) = delete;

  protected:
    Handled() noexcept = default;
    ~Handled() = default;
};

/// The base of the parts of a Loop that own the targets of handles, one part for each kind. Internal.
class Keeper {
  public:
    virtual ~Keeper() {
        forget_handles();
        tie_->let_go();
    }
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    virtual void end(Handled& handled) noexcept = 0;
    virtual void set_background(Handled& handled, bool background) noexcept = 0;

    /// Makes its handles empty.
    void forget_handles() noexcept { tie_->keeper = nullptr; }

  protected:
    Keeper() : tie_(new Tie{this}) {}

  private:
    friend class Handle;

    /// The reference-counted block that handles share with their owner. Targets hold no pointers to handles, so a
    /// handle moves without an access to its target.
    struct Tie {
        Keeper* keeper; // null once the owner is destroyed
        std::size_t holders = 1;

        Tie* hold() noexcept {
            ++holders;
            return this;
        }
        void let_go() noexcept {
            if (--holders == 0) delete this;
        }
    };

    Tie* const tie_;
};

/// The base of Watcher, Timer, SignalWatcher and WakeWatcher: owns one of these in a Loop, and ends it when it is
/// destroyed. It is moved, not copied. The functions of an empty handle do nothing.
///
/// Threads:  that of the Loop. Once the Loop is destroyed, one thread at a time may use its handles.
/// Lifetime: may outlive the Loop, whose destruction makes it empty                     [handle.outlives_loop]
///           may be destroyed at any time, even in its own callback or in that of another  [handle.dies_anywhere]
///           The callback and what it owns are destroyed in phase `close` of the turn, or at once when no turn is
///           under way.                                                                 [loop.close]
class Handle {
  public:
    /// Returns whether it owns something that has not ended.
    explicit operator bool() const noexcept { return tie_ && tie_->keeper; }

    /// Does what the destructor does: no callback runs from now on, and the handle is empty.
    ///                                                                                  [loop.nothing_stale]
    void end() noexcept {
        auto* const tie = std::exchange(tie_, nullptr);
        if (!tie) return;
        if (tie->keeper) tie->keeper->end(*handled_);
        tie->let_go();
    }

    /// In the background it is called as before, but does not keep run() from returning.  [loop.background]
    void in_background(bool background = true) noexcept {
        if (*this) tie_->keeper->set_background(*handled_, background);
    }

  protected:
    Handle() noexcept = default;
    Handle(Keeper& keeper, Handled& handled) noexcept : tie_(keeper.tie_->hold()), handled_(&handled) {}
    Handle(Handle&& other) noexcept : tie_(std::exchange(other.tie_, nullptr)), handled_(other.handled_) {}
    Handle& operator=(Handle&& other) noexcept {
        Handle taken(std::move(other)); // its destructor ends what this handle owned
        std::swap(tie_, taken.tie_);
        std::swap(handled_, taken.handled_);
        return *this;
    }
    ~Handle() { end(); }

    // Only for a handle that is not empty.
    template <typename T>
    T& handled() const noexcept {
        return static_cast<T&>(*handled_);
    }
    template <typename K>
    K& keeper() const noexcept {
        return static_cast<K&>(*tie_->keeper);
    }

  private:
    Keeper::Tie* tie_ = nullptr; // null: the handle is empty
    Handled* handled_ = nullptr;
};

} // namespace pollux
