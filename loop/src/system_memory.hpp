// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "preallocated_mutex.hpp"

#include <atomic>
#include <thread>

namespace pollux::loop {

/// A SystemMemory names the atomics, mutexes and threads of the C++ library. The model test replaces them by models.
struct SystemMemory {
    template <typename T>
    using Atomic = std::atomic<T>;
    template <typename T>
    using Plain = T;
    using Mutex = PreallocatedMutex;
    using ThreadId = std::thread::id;

    static ThreadId this_thread() noexcept { return std::this_thread::get_id(); }
    /// Not analysed: the action names the mutex otherwise.
    static auto locked(Mutex& mutex, auto&& action) POLLUX_NO_THREAD_SAFETY_ANALYSIS {
        const MutexLock lock(mutex);
        return action();
    }
};

} // namespace pollux::loop
