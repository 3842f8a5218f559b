// SPDX-License-Identifier: BSL-1.0
#include "document.hpp"

#include <pollux/open.hpp>

#include <array>
#include <cstdio>

namespace pollux::conformance {

const char* name_of(Support support) noexcept {
    return support == Support::native ? "native" : support == Support::emulated ? "emulated" : "unsupported";
}

std::string text_of(const Capability& capability) {
    const std::string reason = capability.reason ? capability.reason : "";
    return name_of(capability.support) + (reason.empty() ? "" : ": " + reason);
}

std::string text_of(const Verdict& verdict) {
    return verdict.word + (verdict.detail.empty() ? "" : " (" + verdict.detail + ")");
}

std::vector<std::string> seeds_of(const RuleResult& result) {
    std::vector<std::string> seeds;
    for (const auto& [key, value] : result.findings.properties) {
        if (key == "seed") seeds.push_back(value);
    }
    return seeds;
}

std::string notes_of(const RuleResult& result) {
    std::string notes = result.reason;
    for (const auto& [key, value] : result.findings.properties) {
        if (key != "declared_unsupported" && key != "deviates")
            notes += (notes.empty() ? "" : "; ") + key + ": " + value;
    }
    if (result.runs > 1)
        notes += (notes.empty() ? "" : "; ") + std::to_string(result.errors) + " errors in " +
                 std::to_string(result.runs) + " runs";
    return notes;
}

Facts run_facts(const Document& document) {
    return {{"mode", document.is_brief ? "brief" : "full"},
            {"filter", document.filter},
            {"iterations", std::to_string(document.iterations)},
            {"shuffle seed", std::to_string(document.seed)},
            {"jobs", document.in_process ? "in one process" : std::to_string(document.jobs)},
            {"begun", document.begun},
            {"duration in ms", milliseconds(document.duration)},
            {"exit status", std::to_string(document.status)}};
}

Outcome outcome_of(const Expectation& expectation, const std::string& subject, const Results& results) {
    const auto& all = results.of(subject);
    const auto found = all.find(expectation.rule);
    const bool is_other = !expectation.subject.empty() && expectation.subject != subject;
    return is_other || found == all.end() ? Outcome::not_run : found->second.outcome;
}

std::string printable(std::string_view text) {
    std::string lines;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        if (begin > 0) lines += '\n';
        lines += escaped(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

std::string in_markup(std::string_view text) {
    std::string markup;
    for (const char c : printable(text)) {
        switch (c) {
        case '&':
            markup += "&amp;";
            break;
        case '<':
            markup += "&lt;";
            break;
        case '>':
            markup += "&gt;";
            break;
        case '"':
            markup += "&quot;";
            break;
        case '\n':
            markup += "&#10;";
            break;
        default:
            markup += c;
        }
    }
    return markup;
}

std::string milliseconds(std::chrono::nanoseconds time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(time.count()) / 1e6);
    return text.data();
}

} // namespace pollux::conformance
