// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "expectations.hpp"
#include "findings.hpp"
#include "listing.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace pollux::conformance {

/// An Outcome is the verdict on one rule.
enum class Outcome {
    not_run,
    passed,
    failed,           // a rule of level must is broken
    falls_short,      // a rule of level should is broken
    recorded,         // a rule of level recorded has measured, whatever it found
    expected_failure, // broken, and listed by --expect
    unexpected_pass,  // listed by --expect, and not broken
    unsupported,      // the subject declares that it lacks an ability, and refuses it as documented
    deviates,         // Wine breaks the rule, whatever the subject does
};

inline constexpr Outcome outcomes[] = {Outcome::passed,      Outcome::failed,           Outcome::falls_short,
                                       Outcome::recorded,    Outcome::expected_failure, Outcome::unexpected_pass,
                                       Outcome::unsupported, Outcome::deviates,         Outcome::not_run};

/// Returns the name of an outcome in reports: "expected failure".
const char* name_of(Outcome outcome) noexcept;
const char* name_of(Level level) noexcept;
/// Whether the exit status is 1 because of it.
constexpr bool is_error(Outcome outcome) noexcept {
    return outcome == Outcome::failed || outcome == Outcome::unexpected_pass;
}

/// A RuleResult is what one rule has found on one subject. In repeated runs it is that of the last iteration, or of the
/// last one with an error.
struct RuleResult {
    const ListedRule* rule = nullptr;
    Outcome outcome = Outcome::not_run;
    std::string reason = {}; // of expected failures, of unsupported and deviating rules
    Findings findings = {};
    int runs = 0;
    int errors = 0; // of these runs
};

/// Returns the verdict on what a rule of this level has found. `expectation`: of this rule; null: none.
RuleResult judge(const ListedRule& rule, Findings findings, const Expectation* expectation);

/// Results are those of all rules on all subjects: of one iteration, or of all.
class Results {
  public:
    /// Adds a subject, for which all listed rules are not run yet.
    void add_subject(const std::string& subject);
    /// Records the result of a run, and the earlier ones of the same rule.
    void add(const std::string& subject, RuleResult result);

    /// Returns the results of a subject by the labels of the rules.
    const std::map<std::string, RuleResult>& of(const std::string& subject) const { return all_.at(subject); }
    const std::vector<std::string>& subjects() const { return subjects_; }

  private:
    std::vector<std::string> subjects_; // in order
    std::map<std::string, std::map<std::string, RuleResult>> all_;
};

/// The number of results with this outcome.
std::size_t count_of(const std::map<std::string, RuleResult>& results, Outcome outcome);

/// A Verdict on one subject, as the last line and the reports have it.
struct Verdict {
    enum class Kind { conformant, not_conformant, not_as_expected, not_judged };
    Kind kind;
    std::string word;   // "conformant but for 2 expected deviations"
    std::string detail; // "breaks 3 rules"; may be empty
};

const char* name_of(Verdict::Kind kind) noexcept;

Verdict verdict_of(const std::map<std::string, RuleResult>& results);

} // namespace pollux::conformance
