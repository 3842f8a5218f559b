// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <pollux/time/deadline.hpp>

#include <chrono>

namespace pollux::time::tests {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;
constexpr auto longest = nanoseconds::max();

TEST(Deadline, is_over_when_the_wait_is_not_positive) {
    for (const auto wait : {0ns, -1ns, nanoseconds::min()}) EXPECT_EQ(Deadline(wait).left(), 0ns) << wait.count();
}

TEST(Deadline, counts_down_to_zero) {
    const auto begin = std::chrono::steady_clock::now();
    const Deadline deadline(2ms);
    auto before = deadline.left();
    EXPECT_LE(before, 2ms);
    while (before > 0ns) {
        const auto left = deadline.left();
        EXPECT_LE(left, before);
        before = left;
    }
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 2ms);
    EXPECT_EQ(deadline.left(), 0ns);
}

TEST(Deadline, holds_any_wait) {
    for (const auto wait : {longest, longest - 1ns, longest / 2}) EXPECT_GT(Deadline(wait).left(), wait / 2);
}

} // namespace
} // namespace pollux::time::tests
