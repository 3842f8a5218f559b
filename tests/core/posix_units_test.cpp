// SPDX-License-Identifier: BSL-1.0
// Tests of the conversions to the units of system calls, at their limits.
#include "core_test.hpp"

#include <pollux/posix.hpp>

#include <cerrno>
#include <limits>

namespace pollux::core_tests {
namespace {

using std::chrono::nanoseconds;
constexpr auto longest = nanoseconds::max();

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

} // namespace
} // namespace pollux::core_tests
