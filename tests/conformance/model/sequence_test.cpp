// SPDX-License-Identifier: BSL-1.0
#include "generator.hpp"
#include "shrink.hpp"

#include <gtest/gtest.h>

#include <string>

#include <algorithm>

namespace pollux::conformance::model {
namespace {

/// The index of the first such operation after another index.
template <class Is>
std::size_t find(const Sequence& sequence, std::size_t from, Is is) {
    const auto first = sequence.begin() + static_cast<std::ptrdiff_t>(std::min(from, sequence.size()));
    return static_cast<std::size_t>(std::find_if(first, sequence.end(), is) - sequence.begin());
}

/// A defect that shows if a source is watched for writing, and later a select() has room for one event.
bool shows(const Sequence& sequence) {
    const auto add = find(sequence, 0, [](const Operation& operation) {
        return operation.action == Action::add && any(operation.interest & Ready::writable);
    });
    const auto select = find(sequence, add, [](const Operation& operation) {
        return operation.action == Action::select && operation.amount == 1;
    });
    return select < sequence.size();
}

TEST(Shrink, FindsTheOperationsThatMatterAndTheirSimplestForm) {
    int tried = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const auto sequence = generate(seed, 60);
        if (!shows(sequence)) continue;
        ++tried;
        EXPECT_EQ(text_of(shrink(sequence, shows)), "add 0 w level; select 1") << "seed " << seed;
    }
    EXPECT_GT(tried, 20);
}

TEST(Shrink, KeepsWhatMatters) {
    // Only the whole sequence fails: each operation and each word of it is needed.
    const auto sequence = parse("add 3 rp edge wake_token; write 3 4; wake 3; select 2; remove 1");
    EXPECT_EQ(shrink(sequence, [&](const Sequence& attempt) { return attempt == sequence; }), sequence);
}

TEST(Shrink, CountsWhatItNeedsMoreThanOnce) {
    const auto fails = [](const Sequence& sequence) {
        return std::count_if(sequence.begin(), sequence.end(),
                             [](const auto& operation) { return operation.action == Action::add; }) >= 3;
    };
    EXPECT_EQ(text_of(shrink(generate(7, 200), fails)), "add 0 r level; add 0 r level; add 0 r level");
}

TEST(Shrink, TriesAreFew) {
    int tries = 0;
    const auto counted = [&tries](const Sequence& attempt) {
        ++tries;
        return shows(attempt);
    };
    auto sequence = generate(1, 1000);
    sequence.push_back(parse("add 0 w level").front());
    sequence.push_back(parse("select 1").front());
    EXPECT_EQ(shrink(sequence, counted).size(), 2U);
    EXPECT_LT(tries, 500);
}

TEST(Sequence, ReadsWhatItWrites) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const auto sequence = generate(seed, 100);
        EXPECT_EQ(parse(text_of(sequence)), sequence) << "seed " << seed;
    }
}

TEST(Sequence, IsTheSameForASeedAndAnotherForTheNext) {
    EXPECT_EQ(generate(1, 40), generate(1, 40));
    EXPECT_NE(generate(1, 40), generate(2, 40));
    EXPECT_EQ(generate(1, 40).size(), 40U);
}

TEST(Sequence, RefusesWhatItDoesNotKnow) {
    const auto too_high = "add " + std::to_string(source_count) + " r level";
    for (const char* text : {"ad 0 r level", "add", too_high.c_str(), "add 0 x level", "add 0 r", "add 0 r level token",
                             "add 0 r level wake_token 1", "wake", "wake -1", "select 64 1", "select 64 race",
                             "close 0 race", "dup 0", "write 0 1 races", "add 0 r level;; wake 1"})
        EXPECT_THROW(parse(text), std::invalid_argument) << text;
}

} // namespace
} // namespace pollux::conformance::model
