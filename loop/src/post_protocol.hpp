// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/mutex.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace pollux::loop {

/// A PostProtocol decides which thread wakes a Loop for posts and for released KeepAlives: the flags, and the order in
/// which they are read and written. PostQueue has the functions. tests/loop/model tries every execution of it that C++
/// allows.
///
/// The Loop takes all posts before it sleeps, so a post needs a wake only from another thread; and none if a wake for
/// the same batch, the functions that the Loop takes at once, is known to have succeeded. A wake that fails serves no
/// post.
///
/// any_ and woken_for_ order nothing: they are hints to data that the mutex protects, and what was written before a
/// wake is visible after its event.
///
/// Memory is SystemMemory, or that of the model.
template <typename Memory>
class PostProtocol {
    template <typename T>
    using Atomic = typename Memory::template Atomic<T>;
    template <typename T>
    using Plain = typename Memory::template Plain<T>;
    using ThreadId = typename Memory::ThreadId;
    using Mutex = typename Memory::Mutex;

  public:
    /// Calls `push` under the mutex, which stores the function unless it returns false, and then `wake`, if a wake is
    /// needed; returns its error, or operation_canceled or resource_unavailable_try_again if no function was stored.
    std::error_code post(auto&& push, auto&& wake) {
        std::uint64_t batch = 0; // that needs a wake; 0: none
        const std::error_code refusal = Memory::locked(mutex_, [&]() POLLUX_REQUIRES(mutex_) {
            if (closed_) return make_error_code(std::errc::operation_canceled);
            if (!push()) return make_error_code(std::errc::resource_unavailable_try_again);
            any_.store(true, std::memory_order_relaxed);
            if (!is_own_thread() && woken_for_.load(std::memory_order_relaxed) != batch_) batch = batch_;
            return std::error_code();
        });
        if (batch == 0) return refusal;
        const std::error_code error = wake();
        // An older batch may overwrite a younger one, for which there is a wake too many then.
        if (!error) woken_for_.store(batch, std::memory_order_relaxed);
        return error;
    }

    /// For the Loop: returns whether a function was posted that it has not taken.
    bool any() const noexcept { return any_.load(std::memory_order_relaxed); }

    /// For the Loop: calls `take_all` under the mutex, which takes all functions.
    void take(auto&& take_all) noexcept {
        Memory::locked(mutex_, [&]() POLLUX_REQUIRES(mutex_) {
            take_all();
            any_.store(false, std::memory_order_relaxed);
            batch_ = batch_ + 1;
        });
    }

    void hold() noexcept {
        Memory::locked(mutex_, [&]() POLLUX_REQUIRES(mutex_) { holds_ = holds_ + 1; });
    }

    /// Ends a hold(). After an error, which is that of `wake`, the Loop is still held.
    std::error_code release(auto&& wake) noexcept {
        const bool wakes = Memory::locked(mutex_, [&]() POLLUX_REQUIRES(mutex_) {
            holds_ = holds_ - 1;
            return holds_ == 0 && !closed_ && !is_own_thread();
        });
        if (!wakes) return {};
        // The Loop may have nothing left to wait for.
        const std::error_code error = wake();
        if (!error || error == std::errc::operation_canceled) return {};
        hold();
        return error;
    }

    /// Ends a hold() without a wake.
    void drop_hold() noexcept {
        Memory::locked(mutex_, [&]() POLLUX_REQUIRES(mutex_) { holds_ = holds_ - 1; });
    }

    /// Returns whether no hold() is left, and `is_empty`, which is called under the mutex, returns true.
    bool is_idle(auto&& is_empty) const {
        return Memory::locked(mutex_, [&]() POLLUX_REQUIRES(mutex_) { return holds_ == 0 && is_empty(); });
    }

    /// Makes every later post() return operation_canceled, and calls `drop` under the mutex.
    void close(auto&& drop) noexcept {
        Memory::locked(mutex_, [&]() POLLUX_REQUIRES(mutex_) {
            closed_ = true;
            drop();
        });
    }

    /// Sets the thread that runs the Loop now, which needs no wake.
    void run_by(ThreadId thread) noexcept { thread_.store(thread, std::memory_order_relaxed); }
    const Atomic<ThreadId>& runner() const noexcept { return thread_; }
    bool is_own_thread() const noexcept { return thread_.load(std::memory_order_relaxed) == Memory::this_thread(); }

    /// The mutex under which the functions above call their arguments.
    Mutex& mutex() const noexcept POLLUX_RETURN_MUTEX(mutex_) { return mutex_; }

  private:
    Atomic<bool> any_ = false;
    Atomic<ThreadId> thread_ = ThreadId();
    Atomic<std::uint64_t> woken_for_ = 0; // the last batch a wake is known to have succeeded for
    mutable Mutex mutex_;
    // The batch that posts belong to: the Loop has taken those before.
    Plain<std::uint64_t> batch_ POLLUX_GUARDED_BY(mutex_) = 1;
    Plain<std::size_t> holds_ POLLUX_GUARDED_BY(mutex_) = 0;
    Plain<bool> closed_ POLLUX_GUARDED_BY(mutex_) = false;
};

} // namespace pollux::loop
