// SPDX-License-Identifier: BSL-1.0
// Tests of Deadline, and of its conversions to the units of system calls, at their limits.
#include "core_test.hpp"

#include <pollux/deadline.hpp>
#include <pollux/posix.hpp>

#include <cerrno>
#include <limits>

namespace pollux::core_tests {
namespace {

using std::chrono::nanoseconds;
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

#ifndef _WIN32

TEST(Posix, to_timespec) {
    const auto is = [](nanoseconds wait, std::time_t seconds, long rest) {
        const auto seen = posix::to_timespec(wait);
        EXPECT_EQ(seen.tv_sec, seconds) << wait.count();
        EXPECT_EQ(seen.tv_nsec, rest) << wait.count();
    };
    is(nanoseconds::min(), 0, 0);
    is(-1ns, 0, 0);
    is(0ns, 0, 0);
    is(1ns, 0, 1);
    is(999'999ns, 0, 999'999);
    is(999'999'999ns, 0, 999'999'999);
    is(1s, 1, 0);
    is(1s + 1ns, 1, 1);
    if constexpr (sizeof(std::time_t) == 8)
        is(longest, longest.count() / 1'000'000'000, longest.count() % 1'000'000'000);
}

TEST(Posix, to_milliseconds) {
    constexpr int most = std::numeric_limits<int>::max();
    const auto is = [](nanoseconds wait, int expected) {
        EXPECT_EQ(posix::to_milliseconds(wait), expected) << wait.count();
    };
    is(nanoseconds::min(), 0);
    is(-1ns, 0);
    is(0ns, 0);
    is(1ns, 1);
    is(999'999ns, 1);
    is(1ms, 1);
    is(1'000'001ns, 2);
    is(std::chrono::milliseconds(most) - 1ns, most);
    is(std::chrono::milliseconds(most), most);
    is(std::chrono::milliseconds(most) + 1ns, most);
    is(longest, most);
}

TEST(Posix, check) {
    errno = EPERM;
    EXPECT_FALSE(posix::check(0));
    EXPECT_FALSE(posix::check(7));
    EXPECT_EQ(posix::check(-1), std::errc::operation_not_permitted);
}

#endif

} // namespace
} // namespace pollux::core_tests
