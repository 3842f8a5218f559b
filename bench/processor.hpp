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

/// Reads the processor's clock after all earlier instructions and before all later ones. All processors show the same
/// time if the kernel uses this clock. In nanoseconds on processors without it, which leaves ratios unchanged.
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

/// The processor time of the calling thread in nanoseconds, including the kernel, without that of other threads.
std::uint64_t processor_time();

/// Pins the calling thread, and those that it starts later, to one processor: 0 is the first that the process may use.
/// If there are fewer, some are used twice, and the figures of several threads are not meaningful.
void pin_to(int processor);

/// Describes the system of the measurement: processors, kernel, compiler.
std::string machine();

} // namespace pollux::bench
