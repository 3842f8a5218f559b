// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "results.hpp"

#include <pollux/conformance/conformance.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace pollux::conformance {

/// A Report prints the progress of a run, and after each iteration the outcomes of all rules by subject; the last line
/// is the verdict.
class Report : public testing::EmptyTestEventListener {
  public:
    /// `latest`: receives the results of each iteration; `is_brief`: whether rules with many rounds are shortened.
    Report(const std::vector<Subject>& subjects, Results& latest, bool is_brief)
        : subjects_(subjects), latest_(latest), is_brief_(is_brief) {}

    bool ran_any() const noexcept { return ran_any_; }
    int iterations() const noexcept { return iterations_; }

  private:
    void OnTestIterationStart(const testing::UnitTest& all, int iteration) override;
    void OnTestStart(const testing::TestInfo& test) override;
    void OnTestIterationEnd(const testing::UnitTest& all, int iteration) override;
    std::string verdicts() const;

    const std::vector<Subject>& subjects_;
    Results& latest_;
    bool is_brief_;
    bool ran_any_ = false;
    int iterations_ = 0;
    int begun_ = 0; // rules of this iteration
};

} // namespace pollux::conformance
