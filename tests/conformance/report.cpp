// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include "rule.hpp"
#include "wine.hpp"

#include <cstdio>

namespace pollux::conformance {
namespace {

std::string joined(const std::vector<std::string>& items) {
    std::string line;
    for (const auto& item : items) line += (line.empty() ? "" : ", ") + item;
    return line;
}

/// The number of rules in a map by reason.
std::size_t count_of(const std::map<std::string, std::vector<std::string>>& by_reason) {
    std::size_t count = 0;
    for (const auto& [reason, rules] : by_reason) count += rules.size();
    return count;
}

void print(const char* word, const std::map<std::string, std::vector<std::string>>& by_reason) {
    for (const auto& [reason, rules] : by_reason)
        std::printf("    %s: %s\n        %s\n", word, joined(rules).c_str(),
                    reason.empty() ? "(no reason was declared)" : reason.c_str());
}

} // namespace

std::size_t Report::Tally::total() const {
    return passed + failed.size() + count_of(unsupported) + count_of(deviating);
}

void Report::OnTestIterationStart(const testing::UnitTest&, int) { tallies_.clear(); }

void Report::OnTestEnd(const testing::TestInfo& test) {
    const std::string group = test.test_suite_name();
    const auto slash = group.find('/');
    auto& tally = tallies_[group.substr(0, slash)];
    const auto label = group.substr(slash + 1) + "." + test.name();
    ran_any_ = true;
    if (!test.result()->Passed()) {
        tally.failed.push_back(label);
        return;
    }
    for (int i = 0; i < test.result()->test_property_count(); ++i) {
        const auto& property = test.result()->GetTestProperty(i);
        const std::string key = property.key();
        if (key == "cut_short") tally.cut_short.push_back(label + " (" + property.value() + ")");
        if (key != "declared_unsupported" && key != "deviates") continue;
        auto& by_reason = key == "deviates" ? tally.deviating : tally.unsupported;
        by_reason[property.value()].push_back(label);
        return;
    }
    ++tally.passed;
}

void Report::OnTestIterationEnd(const testing::UnitTest&, int) {
    if (tallies_.empty()) return;
    std::printf("\n");
    for (const auto& [subject, tally] : tallies_) {
        std::printf("%s: %zu rules passed, %zu failed, %zu declared unsupported", subject.c_str(), tally.passed,
                    tally.failed.size(), count_of(tally.unsupported));
        if (wine_version()) std::printf(", %zu deviate with Wine %s", count_of(tally.deviating), wine_version());
        std::printf("\n");
        if (!tally.failed.empty()) std::printf("    failed: %s\n", joined(tally.failed).c_str());
        if (!tally.cut_short.empty()) std::printf("    cut short: %s\n", joined(tally.cut_short).c_str());
        print("unsupported", tally.unsupported);
        print("deviates", tally.deviating);
    }
    for (const auto& [label, reason] : absent_rules())
        std::printf("does not exist on this system: %s: %s\n", label, reason);
    std::printf("%s\n", verdict().c_str());
    std::fflush(stdout);
}

std::string Report::verdict() const {
    std::vector<std::string> good, bad, partial;
    for (const auto& [subject, tally] : tallies_) {
        if (!tally.failed.empty()) {
            bad.push_back(subject + " (breaks " + std::to_string(tally.failed.size()) + " rules)");
        } else if (tally.total() < rules_) {
            partial.push_back(subject + " (" + std::to_string(tally.total()) + " of " + std::to_string(rules_) +
                              " rules were run)");
        } else {
            const auto deviating = count_of(tally.deviating);
            good.push_back(subject +
                           (deviating == 0 ? "" : " (but for " + std::to_string(deviating) + " deviations of Wine)"));
        }
    }
    std::string line;
    const auto append = [&line](const char* word, const std::vector<std::string>& subjects) {
        if (!subjects.empty()) line += (line.empty() ? "" : "; ") + std::string(word) + ": " + joined(subjects);
    };
    append("NOT conformant", bad);
    append("not judged", partial);
    append(is_brief_ ? "conformant, tried briefly" : "conformant", good);
    return line;
}

} // namespace pollux::conformance
