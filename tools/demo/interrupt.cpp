// SPDX-License-Identifier: BSL-1.0
#include "interrupt.hpp"

#include <atomic>
#include <csignal>

namespace pollux::tools {
namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may write nothing else");

extern "C" void interrupt(int signal) {
    interrupted = true;
    std::signal(signal, SIG_DFL);
}

} // namespace

void handle_interrupts() {
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
}

bool was_interrupted() noexcept { return interrupted; }

} // namespace pollux::tools
