// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pollux::tools {

/// Latencies is a histogram of times with 32 buckets for each power of two: a percentile is at most 1/32 too high.
class Latencies {
  public:
    Latencies();

    void record(std::chrono::nanoseconds latency) noexcept;

    /// The time that a share, from 0 to 1, of all times does not exceed; zero without any.
    std::chrono::nanoseconds percentile(double share) const noexcept;
    std::chrono::nanoseconds max() const noexcept { return std::chrono::nanoseconds(max_); }

  private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::int64_t max_ = 0;
};

} // namespace pollux::tools
