// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <mutex>

/// Annotations that state which mutex guards what. clang checks them with -Wthread-safety; other compilers ignore them.
/// In lambdas they stand where `mutable` does: `[this]() POLLUX_REQUIRES(mutex_) { ... }`.
#if defined(__clang__)
#define POLLUX_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define POLLUX_THREAD_SAFETY(attribute)
#endif

/// Of a variable: it is read and written with the mutex locked only.
#define POLLUX_GUARDED_BY(mutex) POLLUX_THREAD_SAFETY(guarded_by(mutex))
/// Of a function: its caller has locked the mutexes, and they are locked when it returns.
#define POLLUX_REQUIRES(...) POLLUX_THREAD_SAFETY(requires_capability(__VA_ARGS__))
/// Of a function: it locks the mutexes, or unlocks them; those of its object if none is named.
#define POLLUX_ACQUIRE(...) POLLUX_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define POLLUX_RELEASE(...) POLLUX_THREAD_SAFETY(release_capability(__VA_ARGS__))
/// Of a function: it returns a reference to the mutex.
#define POLLUX_RETURN_MUTEX(mutex) POLLUX_THREAD_SAFETY(lock_returned(mutex))
/// Of a function: its body is not checked. A comment gives the reason.
#define POLLUX_NO_THREAD_SAFETY_ANALYSIS POLLUX_THREAD_SAFETY(no_thread_safety_analysis)

namespace pollux {

/// A BasicMutex is a mutex of the standard library that annotations can name. It costs what that costs.
template <typename Native>
class POLLUX_THREAD_SAFETY(capability("mutex")) BasicMutex {
  public:
    void lock() POLLUX_ACQUIRE() { native_.lock(); }
    void unlock() POLLUX_RELEASE() { native_.unlock(); }

    /// States, in a lambda whose caller has locked the mutex under another name, that it is locked. Does nothing.
    void assume_locked() const noexcept POLLUX_THREAD_SAFETY(assert_capability(this)) {}

    /// Waits for a notification or until `condition` returns true, which is called with the mutex locked. Only of a
    /// Mutex.
    void wait(std::condition_variable& notified, auto&& condition) POLLUX_REQUIRES(this) {
        Waiting waiting(native_);
        notified.wait(waiting.lock, condition);
    }
    /// Waits for a notification or until a time. With a condition: until it returns true or a time; returns its result.
    auto wait_until(std::condition_variable& notified, const auto& end, auto&&... condition) POLLUX_REQUIRES(this) {
        Waiting waiting(native_);
        return notified.wait_until(waiting.lock, end, condition...);
    }
    /// Waits for a notification or for a time.
    void wait_for(std::condition_variable& notified, const auto& time) POLLUX_REQUIRES(this) {
        Waiting waiting(native_);
        notified.wait_for(waiting.lock, time);
    }

  private:
    /// A Waiting is the std::unique_lock that std::condition_variable requires, of a mutex that was locked before and
    /// stays locked.
    struct Waiting {
        explicit Waiting(Native& native) : lock(native, std::adopt_lock) {}
        ~Waiting() { lock.release(); }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        std::unique_lock<Native> lock;
    };

    Native native_;
};

using Mutex = BasicMutex<std::mutex>;
/// A RecursiveMutex can be locked again by the thread that has locked it.
using RecursiveMutex = BasicMutex<std::recursive_mutex>;

/// A MutexLock locks a mutex while it lives. A function that unlocks the mutex for a while calls unlock() and lock() of
/// the mutex.
template <typename Locked>
class POLLUX_THREAD_SAFETY(scoped_lockable) MutexLock {
  public:
    explicit MutexLock(Locked& mutex) POLLUX_ACQUIRE(mutex) : mutex_(mutex) { mutex.lock(); }
    ~MutexLock() POLLUX_RELEASE() { mutex_.unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

  private:
    Locked& mutex_;
};

} // namespace pollux
