// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../harness/rule.hpp"

#include <pollux/notify/notify.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace pollux::notify::tests {

using namespace std::chrono_literals;

/// How long a test waits for an expected event: no machine is that slow.
inline constexpr std::chrono::nanoseconds patience = 30s;

inline const std::error_code gone = make_error_code(std::errc::broken_pipe);
inline const std::error_code invalid = make_error_code(std::errc::invalid_argument);

using Numbers = std::vector<std::size_t>;

inline Numbers numbers(const Tokens& tokens) {
    Numbers all;
    for (const auto token : tokens) all.push_back(static_cast<std::size_t>(token));
    return all;
}

/// The tokens of one poll().
Numbers poll(auto& poller, std::size_t limit = no_limit) {
    Tokens tokens;
    const auto count = poller.poll(tokens, limit);
    EXPECT_EQ(count, tokens.size());
    return numbers(tokens);
}

void notify(auto& notifier, const Numbers& all) {
    for (const auto number : all) EXPECT_FALSE(notifier.notify(Token{number}));
}

/// Limits the rounds of a race, and their time: a slow machine runs fewer.
class Rounds {
  public:
    explicit Rounds(int most, std::chrono::nanoseconds time = 2s)
        : most_(most), end_(std::chrono::steady_clock::now() + time) {}

    /// The number of the next round, from 1 on; 0 after the last one.
    int next() {
        constexpr int between_readings = 64;
        if (done_ == most_ || (done_ % between_readings == 0 && std::chrono::steady_clock::now() > end_)) {
            testing::Test::RecordProperty("rounds", done_);
            return 0;
        }
        return ++done_;
    }

  private:
    int most_;
    int done_ = 0;
    std::chrono::steady_clock::time_point end_;
};

/// Waits until the condition holds, and yields the processor meanwhile; returns false after a limit.
bool eventually(const auto& holds) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (int tries = 0; !holds(); ++tries) {
        constexpr int before_yield = 64;
        if (tries % before_yield != 0) continue;
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

/// A barrier at which `count` threads wait for each other.
class StartingLine {
  public:
    explicit StartingLine(int threads) : missing_(threads) {}

    void arrive_and_wait() {
        --missing_;
        EXPECT_TRUE(eventually([this] { return missing_ == 0; })) << "not all threads arrived";
    }

  private:
    std::atomic<int> missing_;
};

} // namespace pollux::notify::tests
