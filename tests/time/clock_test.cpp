// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>

#include <pollux/time/clock.hpp>
#include <pollux/time/deadline.hpp>

#include <chrono>

namespace pollux::time::tests {
namespace {

using std::chrono::nanoseconds;
using Time = std::chrono::steady_clock::time_point;
using namespace std::chrono_literals;

/// A ManualClock shows the time that a test sets.
struct ManualClock final : ClockSource {
    Time now() const noexcept override { return time; }
    Time time{1h};
};

TEST(Clock, is_the_steady_one_without_a_source) {
    for (const auto clock : {Clock(), Clock(nullptr)}) {
        EXPECT_TRUE(clock.is_steady());
        const auto before = std::chrono::steady_clock::now();
        const auto seen = clock.now();
        EXPECT_GE(seen, before);
        EXPECT_LE(seen, std::chrono::steady_clock::now());
    }
}

TEST(Clock, is_that_of_its_source_in_each_copy) {
    ManualClock source;
    const Clock clock(&source);
    const auto copy = clock; // NOLINT(performance-unnecessary-copy-initialization): what is tested
    EXPECT_FALSE(copy.is_steady());
    EXPECT_EQ(copy.now(), Time(1h));
    source.time += 1ns;
    EXPECT_EQ(copy.now(), Time(1h + 1ns));
}

TEST(Deadline, follows_its_clock) {
    ManualClock source;
    const Deadline deadline(10ms, Clock(&source));
    EXPECT_EQ(deadline.left(), 10ms);
    source.time += 3ms;
    EXPECT_EQ(deadline.left(), 7ms);
    source.time += 1h;
    EXPECT_EQ(deadline.left(), 0ns);
    EXPECT_EQ(Deadline(nanoseconds::max(), Clock(&source)).left(), Time::max() - source.time);
    EXPECT_EQ(Deadline(-1ns, Clock(&source)).left(), 0ns);
}

} // namespace
} // namespace pollux::time::tests
