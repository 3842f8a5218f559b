// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/mutex.hpp>

#include <condition_variable>
#include <cstdint>
#include <system_error>
#include <utility>

namespace pollux {

/// Turns let any thread change what one thread runs, such as an event library that is not thread-safe: for authors of
/// plugins. Changes are made between turns; a change that finds a turn under way interrupts it, and waits for its end.
///
///     begin() ──▶ the library runs ──▶ end() ──▶ changes that have arrived ──▶ begin() ──▶ ...
///
/// Threads: one at a time calls begin() and end(), in pairs; any calls change(), but not inside a turn of its own.
class Turns {
  public:
    /// Calls `make`, which returns a std::error_code, while no turn is under way. If one is, `interrupt` has to end it
    /// soon; it is called once in each turn. Returns the error of `interrupt`, for which nothing is made, or of `make`.
    /// Forwards their exceptions.
    [[nodiscard]] std::error_code change(auto&& interrupt, auto&& make) {
        const MutexLock lock(mutex_);
        if (is_running_ && !is_interrupted_) {
            if (const std::error_code error = interrupt()) return error;
            is_interrupted_ = true;
        }
        ++arrived_;
        const Leaving leaving(*this);
        mutex_.wait(ended_, [this]() POLLUX_REQUIRES(mutex_) { return !is_running_; });
        return make();
    }

    /// Begins a turn, after the changes that have arrived by now; later ones might never end.
    void begin() {
        const MutexLock lock(mutex_);
        mutex_.wait(left_, [this, arrived = arrived_]() POLLUX_REQUIRES(mutex_) { return leavers_ >= arrived; });
        is_running_ = true;
    }

    /// Ends the turn: calls `finish`, with whether the turn was interrupted, before any change is made. Returns its
    /// result. `finish` throws nothing.
    auto end(auto&& finish) {
        const MutexLock lock(mutex_);
        is_running_ = false;
        ended_.notify_all();
        return finish(std::exchange(is_interrupted_, false));
    }

    /// Returns whether a turn or a change was under way at fork(), in a child that this is the copy in.
    bool was_running_at_fork() const noexcept POLLUX_NO_THREAD_SAFETY_ANALYSIS {
        return is_running_ || arrived_ != leavers_;
    }

  private:
    /// A Leaving counts a change when it is over, even by an exception.
    struct Leaving {
        explicit Leaving(Turns& all) : turns(all) {}
        ~Leaving() POLLUX_NO_THREAD_SAFETY_ANALYSIS { // change() has locked the mutex
            ++turns.leavers_;
            turns.left_.notify_one();
        }
        Leaving(const Leaving&) = delete;
        Leaving& operator=(const Leaving&) = delete;
        Turns& turns;
    };

    Mutex mutex_;
    std::condition_variable ended_, left_;
    bool is_running_ POLLUX_GUARDED_BY(mutex_) = false;
    bool is_interrupted_ POLLUX_GUARDED_BY(mutex_) = false;
    std::uint64_t arrived_ POLLUX_GUARDED_BY(mutex_) = 0; // changes
    std::uint64_t leavers_ POLLUX_GUARDED_BY(mutex_) = 0;
};

} // namespace pollux
