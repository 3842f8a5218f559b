// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include "wine.hpp"

#include <pollux/open.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>

namespace pollux::conformance {
namespace {

std::string joined(const std::vector<std::string>& items) {
    std::string line;
    for (const auto& item : items) line += (line.empty() ? "" : ", ") + item;
    return line;
}

/// Prints the rules with this outcome, by their reasons.
void print(const char* word, const std::map<std::string, RuleResult>& results, Outcome outcome) {
    std::map<std::string, std::vector<std::string>> by_reason;
    for (const auto& [label, result] : results) {
        if (result.outcome == outcome) by_reason[result.reason].push_back(label);
    }
    for (const auto& [reason, labels] : by_reason)
        std::printf("    %s: %s\n        %s\n", word, joined(labels).c_str(),
                    reason.empty() ? "(no reason was declared)" : escaped(reason).c_str());
}

/// Prints the rules with this outcome in one line.
void list(const char* word, const std::map<std::string, RuleResult>& results, Outcome outcome) {
    std::vector<std::string> labels;
    for (const auto& [label, result] : results) {
        if (result.outcome == outcome) labels.push_back(label);
    }
    if (!labels.empty()) std::printf("    %s: %s\n", word, joined(labels).c_str());
}

/// Prints the rules that had fewer rounds than in a full run, and what those of level recorded have measured.
void print_measurements(const std::map<std::string, RuleResult>& results) {
    std::vector<std::string> shortened;
    for (const auto& [label, result] : results) {
        if (is_error(result.outcome)) continue;
        for (const auto& [key, value] : result.findings.properties) {
            if (key == "cut_short") shortened.push_back(label + " (" + value + ")");
            if (result.outcome == Outcome::recorded && key != "cut_short")
                std::printf("    recorded: %s: %s: %s\n", label.c_str(), key.c_str(), escaped(value).c_str());
        }
    }
    if (!shortened.empty()) std::printf("    cut short: %s\n", joined(shortened).c_str());
}

void print_counts(const std::string& subject, const std::map<std::string, RuleResult>& results) {
    std::printf("%s: %zu rules passed, %zu failed, %zu declared unsupported", subject.c_str(),
                count_of(results, Outcome::passed), count_of(results, Outcome::failed),
                count_of(results, Outcome::unsupported));
    for (const auto outcome :
         {Outcome::expected_failure, Outcome::unexpected_pass, Outcome::falls_short, Outcome::recorded}) {
        const auto count = count_of(results, outcome);
        const char* const plural = outcome == Outcome::unexpected_pass && count > 1    ? "es"
                                   : outcome == Outcome::expected_failure && count > 1 ? "s"
                                                                                       : "";
        if (count > 0) std::printf(", %zu %s%s", count, name_of(outcome), plural);
    }
    if (wine_version()) std::printf(", %zu deviate with Wine %s", count_of(results, Outcome::deviates), wine_version());
    std::printf("\n");
}

} // namespace

void Report::OnTestIterationStart(const testing::UnitTest&, int) {
    latest_ = Results();
    for (const auto& subject : subjects_) latest_.add_subject(subject.name);
    begun_ = 0;
    ++iterations_;
}

void Report::OnTestStart(const testing::TestInfo&) {
    ran_any_ = true;
    ++begun_;
    if (GTEST_FLAG_GET(brief)) return;
    // Before the words of GoogleTest's line.
    const auto all = std::to_string(testing::UnitTest::GetInstance()->test_to_run_count());
    std::printf("%*d of %s ", static_cast<int>(all.size()), begun_, all.c_str());
}

void Report::OnTestIterationEnd(const testing::UnitTest&, int) {
    if (!ran_any_) return;
    std::printf("\n");
    for (const auto& subject : latest_.subjects()) {
        const auto& results = latest_.of(subject);
        if (count_of(results, Outcome::not_run) == results.size()) continue; // excluded by the filter
        print_counts(subject, results);
        list("failed", results, Outcome::failed);
        list("falls short", results, Outcome::falls_short);
        print_measurements(results);
        print("expected failure", results, Outcome::expected_failure);
        print("unexpected pass", results, Outcome::unexpected_pass);
        print("unsupported", results, Outcome::unsupported);
        print("deviates", results, Outcome::deviates);
    }
    for (const auto& [label, reason] : absent_rules())
        std::printf("does not exist on this system: %s: %s\n", label, reason);
    std::printf("%s\n", verdicts().c_str());
    std::fflush(stdout);
}

std::string Report::verdicts() const {
    std::vector<std::pair<std::string, std::vector<std::string>>> by_word; // the worst first
    for (const char* const first : {"NOT conformant", "not as expected", "not judged"}) by_word.push_back({first, {}});
    for (const auto& subject : latest_.subjects()) {
        const auto& results = latest_.of(subject);
        if (count_of(results, Outcome::not_run) == results.size()) continue;
        auto [kind, word, detail] = verdict_of(results);
        if (is_brief_ && kind == Verdict::Kind::conformant) word += ", tried briefly";
        auto place = std::ranges::find(by_word, word, &decltype(by_word)::value_type::first);
        if (place == by_word.end()) place = by_word.insert(place, {word, {}});
        place->second.push_back(subject + (detail.empty() ? "" : " (" + detail + ")"));
    }
    std::string line;
    for (const auto& [word, subjects] : by_word) {
        if (!subjects.empty()) line += (line.empty() ? "" : "; ") + word + ": " + joined(subjects);
    }
    return line;
}

} // namespace pollux::conformance
