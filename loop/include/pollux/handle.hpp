// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <utility>

namespace pollux {

/// What a handle stands for, inside a Loop: not for programs.
class Handled {
  public:
    Handled(const Handled&) = delete;
    Handled& operator=(const Handled&) = delete;

  protected:
    Handled() noexcept = default;
    ~Handled() = default;
};

/// The part of a Loop that keeps what handles of one kind stand for: not for programs.
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

    /// Leaves its handles behind, empty.
    void forget_handles() noexcept { tie_->keeper = nullptr; }

  protected:
    Keeper() : tie_(new Tie{this}) {}

  private:
    friend class Handle;

    /// What handles hold on to, and the last of them frees. Nothing leads from what they stand for to them, so they
    /// move without a look at it.
    struct Tie {
        Keeper* keeper; // null: gone
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

/// What Watcher, Timer, SignalWatcher and WakeWatcher have in common: moved, not copied; what it stands for ends with
/// it. An empty one stands for nothing, and its functions do nothing.
///
/// Threads:  that of its Loop, and one at a time for all of its handles when it is gone.
/// Lifetime: independent of the Loop, whose end makes it empty [handle.outlives_loop]; it may die at any time, also
///           in its own callback or in another's [handle.dies_anywhere]. The callback and what it owns is destroyed in
///           the turn's phase `close`, and at once when no turn is under way [loop.close].
class Handle {
  public:
    /// Whether it stands for something.
    explicit operator bool() const noexcept { return tie_ && tie_->keeper; }

    /// As destruction: no callback from now on [loop.nothing_stale]. It is empty then.
    void end() noexcept {
        auto* const tie = std::exchange(tie_, nullptr);
        if (!tie) return;
        if (tie->keeper) tie->keeper->end(*handled_);
        tie->let_go();
    }

    /// In the background it is served as before, but does not keep the Loop running [loop.background].
    void in_background(bool background = true) noexcept {
        if (*this) tie_->keeper->set_background(*handled_, background);
    }

  protected:
    Handle() noexcept = default;
    Handle(Keeper& keeper, Handled& handled) noexcept : tie_(keeper.tie_->hold()), handled_(&handled) {}
    Handle(Handle&& other) noexcept : tie_(std::exchange(other.tie_, nullptr)), handled_(other.handled_) {}
    Handle& operator=(Handle&& other) noexcept {
        Handle taken(std::move(other)); // and with it ends what this stood for
        std::swap(tie_, taken.tie_);
        std::swap(handled_, taken.handled_);
        return *this;
    }
    ~Handle() { end(); }

    // Of one that stands for something.
    template <typename T>
    T& handled() const noexcept {
        return static_cast<T&>(*handled_);
    }
    template <typename K>
    K& keeper() const noexcept {
        return static_cast<K&>(*tie_->keeper);
    }

  private:
    Keeper::Tie* tie_ = nullptr; // null: it is empty
    Handled* handled_ = nullptr;
};

} // namespace pollux
