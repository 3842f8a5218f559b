// SPDX-License-Identifier: BSL-1.0
#include "own_thread.hpp"

#ifndef NDEBUG
#include <cstdio>
#include <cstdlib>

namespace pollux::loop {

void require_own_thread(const LoopThread& loop, const char* call) noexcept {
    const auto thread = loop.id ? loop.id->load(std::memory_order_relaxed) : std::thread::id();
    if (thread == std::thread::id() || thread == std::this_thread::get_id() || !loop.process.is_current()) return;
    std::fprintf(
        stderr,
        "pollux::loop::Loop: %s was called by another thread than the one that runs the Loop, which it needs: have "
        "the Loop call it, by post() or a Poster\n",
        call);
    std::abort();
}

} // namespace pollux::loop
#endif
