// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/process.hpp>

#include <atomic>
#include <thread>

namespace pollux::loop {

/// A LoopThread refers to the thread that runs a Loop, for require_own_thread().
struct LoopThread {
    const std::atomic<std::thread::id>* id = nullptr; // the default id while no thread runs it; null: not known
    OwnerProcess process;                             // a forked child has none of its parent's threads
};

/// In a debug build of the library, ends the process with one line on standard error if another thread than the calling
/// one runs the Loop; `call` is the function that was called, such as "Watcher::change()". A release build does
/// nothing.
#ifdef NDEBUG
inline void require_own_thread(const LoopThread&, const char*) noexcept {}
#else
void require_own_thread(const LoopThread& loop, const char* call) noexcept;
#endif

} // namespace pollux::loop
