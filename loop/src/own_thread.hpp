// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <thread>

namespace pollux::loop {

/// In a debug build of the library, ends the process with one line on standard error if a thread other than the caller
/// runs the Loop; `call` is what the caller called, such as "Watcher::change()". A release build compiles it to
/// nothing.
///
/// `runner` is the thread that runs the Loop now, the id of no thread if none does; it may be null.
#ifdef NDEBUG
inline void demand_own_thread(const std::atomic<std::thread::id>*, const char*) noexcept {}
#else
void demand_own_thread(const std::atomic<std::thread::id>* runner, const char* call) noexcept;
#endif

} // namespace pollux::loop
