// SPDX-License-Identifier: BSL-1.0
#include "memory_limit.hpp"

#include <array>
#include <cstdio>
#include <mutex>

#include <sys/resource.h>

namespace pollux::io_uring {
namespace {

/// A Step is the text for one value of the limit. It is never changed after it was returned.
struct Step {
    rlim_t limit = 0;
    std::array<char, 160> text{};
};

// A program seldom changes its limits: if this is full, the text has no value.
constinit std::array<Step, 8> steps{};
constinit std::size_t step_count = 0;
constinit std::mutex steps_mutex;

} // namespace

const char* step_without_memory() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == -1 || limit.rlim_cur == RLIM_INFINITY) return "io_uring_setup";
    const std::lock_guard lock(steps_mutex);
    for (std::size_t i = 0; i < step_count; ++i) {
        if (steps[i].limit == limit.rlim_cur) return steps[i].text.data();
    }
    if (step_count == steps.size()) return "io_uring_setup, which counts all rings of a user against RLIMIT_MEMLOCK";
    auto& [value, text] = steps[step_count++];
    value = limit.rlim_cur;
    std::snprintf(text.data(), text.size(),
                  "io_uring_setup, which counts all rings of a user against RLIMIT_MEMLOCK, %llu KiB (ulimit -l)",
                  static_cast<unsigned long long>(value / 1024));
    return text.data();
}

} // namespace pollux::io_uring
