// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include <cstdio>

namespace pollux::conformance {
namespace {

std::string joined(const std::vector<std::string>& items) {
    std::string line;
    for (const auto& item : items) line += (line.empty() ? "" : ", ") + item;
    return line;
}

} // namespace

std::size_t Report::Tally::total() const {
    std::size_t count = passed + failed.size();
    for (const auto& [reason, rules] : unsupported) count += rules.size();
    return count;
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
        if (std::string(property.key()) != "declared_unsupported") continue;
        tally.unsupported[property.value()].push_back(label);
        return;
    }
    ++tally.passed;
}

void Report::OnTestIterationEnd(const testing::UnitTest&, int) {
    if (tallies_.empty()) return;
    std::printf("\n");
    for (const auto& [subject, tally] : tallies_) {
        const auto unsupported = tally.total() - tally.passed - tally.failed.size();
        std::printf("%s: %zu rules passed, %zu failed, %zu declared unsupported\n", subject.c_str(), tally.passed,
                    tally.failed.size(), unsupported);
        if (!tally.failed.empty()) std::printf("    failed: %s\n", joined(tally.failed).c_str());
        for (const auto& [reason, rules] : tally.unsupported)
            std::printf("    unsupported: %s\n        %s\n", joined(rules).c_str(),
                        reason.empty() ? "(no reason was declared)" : reason.c_str());
    }
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
            good.push_back(subject);
        }
    }
    std::string line;
    const auto append = [&line](const char* word, const std::vector<std::string>& subjects) {
        if (!subjects.empty()) line += (line.empty() ? "" : "; ") + std::string(word) + ": " + joined(subjects);
    };
    append("NOT conformant", bad);
    append("not judged", partial);
    append("conformant", good);
    return line;
}

} // namespace pollux::conformance
