// SPDX-License-Identifier: BSL-1.0
#include "results.hpp"

#include "rule.hpp"

#include <algorithm>
#include <utility>

namespace pollux::conformance {
namespace {

std::string counted(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

const std::string* property(const Findings& findings, std::string_view key) {
    const auto found = std::ranges::find(findings.properties, key, &std::pair<std::string, std::string>::first);
    return found == findings.properties.end() ? nullptr : &found->second;
}

} // namespace

const char* name_of(Outcome outcome) noexcept {
    switch (outcome) {
    case Outcome::not_run:
        return "not run";
    case Outcome::passed:
        return "passed";
    case Outcome::failed:
        return "failed";
    case Outcome::falls_short:
        return "falls short";
    case Outcome::recorded:
        return "recorded";
    case Outcome::expected_failure:
        return "expected failure";
    case Outcome::unexpected_pass:
        return "unexpected pass";
    case Outcome::unsupported:
        return "declared unsupported";
    case Outcome::deviates:
        return "deviates";
    }
    return "";
}

const char* name_of(Level level) noexcept {
    return level == Level::must ? "must" : level == Level::should ? "should" : "recorded";
}

const char* name_of(Verdict::Kind kind) noexcept {
    switch (kind) {
    case Verdict::Kind::conformant:
        return "conformant";
    case Verdict::Kind::not_conformant:
        return "not conformant";
    case Verdict::Kind::not_as_expected:
        return "not as expected";
    case Verdict::Kind::not_judged:
        break;
    }
    return "not judged";
}

RuleResult judge(const ListedRule& rule, Findings findings, const Expectation* expectation) {
    RuleResult result{.rule = &rule, .runs = 1};
    const auto* const unsupported = property(findings, "declared_unsupported");
    const auto* const deviates = property(findings, "deviates");
    const bool is_broken = !findings.failures.empty();
    if (is_broken && expectation) {
        result.outcome = Outcome::expected_failure;
        result.reason = expectation->reason;
    } else if (is_broken) {
        result.outcome = rule.traits.level == Level::must     ? Outcome::failed
                         : rule.traits.level == Level::should ? Outcome::falls_short
                                                              : Outcome::recorded;
    } else if (expectation && !(expectation->in_full && Budget::is_brief())) {
        result.outcome = Outcome::unexpected_pass;
        result.reason = expectation->reason;
        findings.failures.push_back(
            {expectation->file, expectation->line,
             "expected: the rule is broken, for the reason in this line: " + expectation->reason + "\n    seen: it " +
                 (unsupported ? "is declared unsupported" : "holds") + "; remove the line if that is right"});
    } else if (unsupported || deviates) {
        result.outcome = unsupported ? Outcome::unsupported : Outcome::deviates;
        result.reason = unsupported ? *unsupported : *deviates;
    } else {
        result.outcome = rule.traits.level == Level::recorded ? Outcome::recorded : Outcome::passed;
    }
    result.errors = is_error(result.outcome) ? 1 : 0;
    result.findings = std::move(findings);
    return result;
}

void Results::add_subject(const std::string& subject) {
    subjects_.push_back(subject);
    for (const auto& rule : listed_rules()) all_[subject][rule.label].rule = &rule;
}

void Results::add(const std::string& subject, RuleResult result) {
    auto& kept = all_[subject][result.rule->label];
    const int runs = kept.runs + result.runs, errors = kept.errors + result.errors;
    if (is_error(result.outcome) || !is_error(kept.outcome)) kept = std::move(result);
    kept.runs = runs;
    kept.errors = errors;
}

std::size_t count_of(const std::map<std::string, RuleResult>& results, Outcome outcome) {
    return static_cast<std::size_t>(
        std::ranges::count_if(results, [&](const auto& each) { return each.second.outcome == outcome; }));
}

Verdict verdict_of(const std::map<std::string, RuleResult>& results) {
    const auto failed = count_of(results, Outcome::failed), passes = count_of(results, Outcome::unexpected_pass);
    const auto skipped = count_of(results, Outcome::not_run);
    if (failed + passes > 0) {
        std::string detail = failed > 0 ? "breaks " + counted(failed, "rule") : "";
        if (passes > 0)
            detail += std::string(failed > 0 ? ", " : "") + "keeps " + counted(passes, "rule") + " unexpectedly";
        return {failed > 0 ? Verdict::Kind::not_conformant : Verdict::Kind::not_as_expected,
                failed > 0 ? "NOT conformant" : "not as expected", detail};
    }
    if (skipped > 0) {
        return {Verdict::Kind::not_judged, "not judged",
                std::to_string(results.size() - skipped) + " of " + std::to_string(results.size()) + " rules were run"};
    }
    const auto expected = count_of(results, Outcome::expected_failure),
               short_of = count_of(results, Outcome::falls_short);
    const auto deviating = count_of(results, Outcome::deviates);
    std::string detail;
    if (deviating > 0) detail = "but for " + counted(deviating, "deviation") + " of Wine";
    if (short_of > 0)
        detail += (detail.empty() ? "" : ", ") + ("falls short of " + counted(short_of, "recommendation"));
    return {Verdict::Kind::conformant,
            expected == 0 ? "conformant" : "conformant but for " + counted(expected, "expected deviation"), detail};
}

} // namespace pollux::conformance
