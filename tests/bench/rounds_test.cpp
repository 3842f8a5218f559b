// SPDX-License-Identifier: BSL-1.0
// Tests of bench/rounds.hpp with artificial samples, so that no figure depends on a clock.
#include "rounds.hpp"
#include "table.hpp"
#include "team.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace pollux::bench {
namespace {

constexpr Plan brief{5, std::chrono::milliseconds(0), std::chrono::seconds(60)};

/// A contender that costs `first` in its first turn, and a tenth more in each later one, as on a machine that slows
/// down.
Contender slowing(std::string name, double first) {
    return {std::move(name), [first] {
                auto cost = std::make_shared<double>(first / 1.1);
                return [cost] { return *cost *= 1.1; };
            }};
}

TEST(Rounds, compare_turns_of_the_same_round) {
    const auto measurement = compare(slowing("base", 10), {slowing("half", 5), slowing("double", 20)}, brief);
    EXPECT_NEAR(measurement.baseline, 10 * 1.1 * 1.1, 1e-9);
    EXPECT_NEAR(measurement.again.ratio, 1, 1e-9);
    ASSERT_EQ(measurement.figures.size(), 2);
    EXPECT_EQ(measurement.figures[0].name, "half");
    EXPECT_NEAR(measurement.figures[0].ratio, 0.5, 1e-9);
    EXPECT_NEAR(measurement.figures[1].ratio, 2, 1e-9);
    EXPECT_NEAR(measurement.figures[1].low, 2, 1e-9);
    EXPECT_NEAR(measurement.figures[1].high, 2, 1e-9);
}

TEST(Rounds, take_the_median_of_a_turn) {
    const Contender base{"base", [] { return [] { return 1.0; }; }};
    const Contender disturbed{"disturbed", [] {
                                  auto count = std::make_shared<int>(0);
                                  return [count] { return ++*count % 3 == 0 ? 1000.0 : 3.0; };
                              }};
    const auto measurement = compare(base, {disturbed}, {3, std::chrono::milliseconds(5), std::chrono::seconds(60)});
    EXPECT_NEAR(measurement.figures[0].ratio, 3, 1e-9);
}

/// Returns the error of compare() for a contender that does not do its work.
std::string failure_of(const std::function<Sample()>& set_up, const Plan& plan = brief) {
    try {
        compare(slowing("base", 1), {{"other", set_up}}, plan);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "none";
}

TEST(Rounds, name_the_program_that_fails_crashes_or_hangs) {
    EXPECT_EQ(failure_of([]() -> Sample { throw std::runtime_error("cannot be set up"); }), "other failed");
    EXPECT_EQ(failure_of([]() -> Sample { return []() -> double { throw std::logic_error("lost a token"); }; }),
              "other failed");
    EXPECT_EQ(failure_of([]() -> Sample { return []() -> double { std::abort(); }; }), "other failed");
    const Plan impatient{5, std::chrono::milliseconds(0), std::chrono::seconds(5)};
    EXPECT_EQ(failure_of(
                  []() -> Sample {
                      return []() -> double {
                          for (;;) sleep(1000);
                      };
                  },
                  impatient),
              "other hangs");
}

TEST(Team, works_once_for_each_run) {
    std::vector<int> times(4);
    Team team(4, 0, [&](int number) { ++times[static_cast<std::size_t>(number)]; });
    for (int run = 1; run <= 100; ++run) {
        EXPECT_GT(team.run(), 0);
        EXPECT_EQ(times, std::vector<int>(4, run));
    }
}

TEST(Table, prints_the_ratios_that_were_reached) {
    const Measurement measurement{
        20, {"base", 1.1, 1.0, 1.2}, {{"a", 0.5, 0.4, 0.6}, {"b", 1.05, 1, 1.1}, {"c", 1.2, 1, 2}}};
    const Row row{"work", measurement, {{"a", 0.55}, {"b", 1.0}, {"c", 1.0}}};
    EXPECT_EQ(table_of({row}, {"a", "b", "c", "d"}),
              "| workload | base | again (quartiles) | a | b | c | d |\n"
              "| --- | --- | --- | --- | --- | --- | --- |\n"
              "| work | 20.0 | 1.10 (1.00 to 1.20) | 0.50, met 0.55 | 1.05, noise 1.00 | 1.20, missed 1.00 |  |\n");
}

TEST(Table, prints_the_ratios_that_must_not_be_reached) {
    const Measurement measurement{20, {"base", 1.1, 1.0, 1.2}, {{"a", 1.5, 1, 2}, {"b", 0.95, 0, 1}, {"c", 0.5, 0, 1}}};
    const Row row{"work", measurement, {}, {{"a", 1.0}, {"b", 1.0}, {"c", 1.0}}};
    EXPECT_EQ(table_of({row}, {"a", "b", "c"}),
              "| workload | base | again (quartiles) | a | b | c |\n"
              "| --- | --- | --- | --- | --- | --- |\n"
              "| work | 20.0 | 1.10 (1.00 to 1.20) | 1.50, met > 1.00 | 0.95, noise > 1.00 | 0.50, missed > 1.00 |\n");
}

} // namespace
} // namespace pollux::bench
