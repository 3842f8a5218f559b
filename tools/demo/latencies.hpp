// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pollux::tools {

/// A histogram of times: 32 buckets for each power of two, so a percentile is at most 1/32 too high, whatever it is.
class Latencies {
  public:
    Latencies();

    void record(std::chrono::nanoseconds latency) noexcept;

    /// The time that a share of 0 to 1 of all was not above; zero if there are none.
    std::chrono::nanoseconds percentile(double share) const noexcept;
    std::chrono::nanoseconds max() const noexcept { return std::chrono::nanoseconds(max_); }

  private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::int64_t max_ = 0;
};

} // namespace pollux::tools
