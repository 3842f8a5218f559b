// SPDX-License-Identifier: BSL-1.0
#include "latencies.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pollux::tools {
namespace {

constexpr unsigned share_bits = 5; // 32 buckets for each power of two
constexpr std::uint64_t shares = std::uint64_t{1} << share_bits;

// Each value below 32 has a bucket of its own. Above, the highest six bits of a value and their position select it:
//
//     0 1 ... 31 | 32 33 ... 63 | 64 66 ... 126 | 128 132 ... 252 | ...
std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < shares) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - share_bits - 1;
    return shift * shares + (value >> shift);
}

std::uint64_t highest_of(std::size_t bucket) noexcept {
    if (bucket < 2 * shares) return bucket;
    const auto shift = bucket / shares - 1;
    return ((bucket - shift * shares + 1) << shift) - 1;
}

} // namespace

Latencies::Latencies() : buckets_(bucket_of(~std::uint64_t{0} >> 1) + 1) {}

void Latencies::record(std::chrono::nanoseconds latency) noexcept {
    const auto value = std::max<std::int64_t>(latency.count(), 0);
    ++buckets_[bucket_of(static_cast<std::uint64_t>(value))];
    ++count_;
    max_ = std::max(max_, value);
}

std::chrono::nanoseconds Latencies::percentile(double share) const noexcept {
    const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        seen += buckets_[bucket];
        if (seen > 0 && seen >= rank)
            return std::chrono::nanoseconds(std::min(static_cast<std::int64_t>(highest_of(bucket)), max_));
    }
    return {};
}

} // namespace pollux::tools
