// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace pollux::conformance {

/// A Report counts the results of rules by subject, and prints them after each iteration; the last line is the verdict.
class Report : public testing::EmptyTestEventListener {
  public:
    /// `rules`: how many rules exist; `is_brief`: whether those with many rounds are shortened.
    Report(std::size_t rules, bool is_brief) : rules_(rules), is_brief_(is_brief) {}

    bool ran_any() const noexcept { return ran_any_; }

  private:
    struct Tally {
        std::size_t passed = 0;
        std::vector<std::string> failed = {};
        std::vector<std::string> cut_short = {}; // passed, with fewer rounds than a full run has
        std::map<std::string, std::vector<std::string>> unsupported = {}; // by reason
        std::map<std::string, std::vector<std::string>> deviating = {};   // by reason; on Wine only
        std::size_t total() const;
    };

    void OnTestIterationStart(const testing::UnitTest& all, int iteration) override;
    void OnTestEnd(const testing::TestInfo& test) override;
    void OnTestIterationEnd(const testing::UnitTest& all, int iteration) override;
    std::string verdict() const;

    std::size_t rules_;
    bool is_brief_;
    bool ran_any_ = false;
    std::map<std::string, Tally> tallies_; // by subject
};

} // namespace pollux::conformance
