// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

#if defined(__x86_64__)
#include <x86intrin.h>
#else
#include <chrono>
#endif

namespace pollux::bench {

/// The processor's clock, when all before it is done and nothing after it has begun. All processors show the same time
/// where the kernel keeps time by it. Nanoseconds where there is no such clock: ratios are the same.
inline std::uint64_t cycles() noexcept {
#if defined(__x86_64__)
    _mm_lfence();
    const auto now = __rdtsc();
    _mm_lfence();
    return now;
#else
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

/// Nanoseconds that the calling thread has been working, in the kernel too: what others do meanwhile is left out.
std::uint64_t processor_time();

/// Keeps the calling thread, and those that it starts from now on, on one processor: the first of those that the
/// process may use is 0. Where there are fewer, some are used twice, and the figures of several threads mean little.
void pin_to(int processor);

/// What the figures were measured on: processors, kernel, compiler.
std::string machine();

} // namespace pollux::bench
