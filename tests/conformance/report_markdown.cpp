// SPDX-License-Identifier: BSL-1.0
// The report as Markdown.
#include "document.hpp"

namespace pollux::conformance {
namespace {

/// Returns text for one line, or a cell of a table.
std::string in_line(std::string_view text) {
    std::string line;
    for (const char c : printable(text)) {
        if (c == '\n') {
            line += ' ';
            continue;
        }
        if (std::string_view("\\`*_[]<>|#").find(c) != std::string_view::npos) line += '\\';
        line += c;
    }
    return line;
}

/// Returns text as a block of code.
std::string in_block(std::string_view text) {
    std::string block;
    for (const char c : "\n" + printable(text)) {
        block += c;
        if (c == '\n') block += "    ";
    }
    return block + "\n";
}

std::string table_of(const Facts& facts) {
    std::string table;
    for (const auto& [name, fact] : facts) table += "| " + in_line(name) + " | " + in_line(fact) + " |\n";
    return table;
}

std::string rules_of(const std::map<std::string, RuleResult>& results) {
    std::string text = "\n| rule | level | outcome | duration in ms | notes |\n|---|---|---|--:|---|\n";
    for (const auto& rule : listed_rules()) {
        const auto& result = results.at(rule.label);
        text += "| " + in_line(rule.label) + " | " + name_of(rule.traits.level) + " | " + name_of(result.outcome) +
                " | " + milliseconds(result.findings.duration) + " | " + in_line(notes_of(result)) + " |\n";
    }
    return text;
}

std::string subject_of(const Subject& subject, const Document& document) {
    const auto& results = document.results.of(subject.name);
    std::string text = "\n## " + in_line(subject.name) + "\n\n**" + in_line(text_of(verdict_of(results))) + "**\n\n";
    for (const auto outcome : outcomes) {
        if (const auto count = count_of(results, outcome); count > 0)
            text += "- " + std::string(name_of(outcome)) + ": " + std::to_string(count) + "\n";
    }
    text += "\n| capability | support |\n|---|---|\n";
    for (const auto& [name, member] : named_capabilities)
        text += "| " + std::string(name) + " | " + in_line(text_of(subject.capabilities.*member)) + " |\n";
    text += "| timeout resolution | " + std::to_string(subject.capabilities.timeout_resolution.count()) + " ns |\n";
    for (const auto& plugin : subject.plugins)
        text += "| plugin | " + in_line(plugin.name + ", " + plugin.file.string() + ": " + plugin.summary) + " |\n";
    for (const auto& each : document.expectations.all()) {
        if (!each.subject.empty() && each.subject != subject.name) continue;
        text += "| expected: " + in_line(each.rule) + " | " +
                name_of(outcome_of(each, subject.name, document.results)) + ": " + in_line(each.reason) + " |\n";
    }
    text += rules_of(results);
    for (const auto& rule : listed_rules()) {
        const auto& result = results.at(rule.label);
        if (result.findings.failures.empty()) continue;
        text += "\n### " + in_line(rule.label) + ": " + name_of(result.outcome) + "\n";
        for (const auto& failure : result.findings.failures)
            text += in_block(failure.file + ":" + std::to_string(failure.line) + "\n" + failure.text);
    }
    return text;
}

} // namespace

std::string markdown_of(const Document& document) {
    std::string text = "# Conformance to the Pollux contract\n\n| | |\n|---|---|\n";
    text += table_of(document.suite) + table_of(document.system) + table_of(run_facts(document));
    for (const auto& subject : document.subjects) text += subject_of(subject, document);
    if (!absent_rules().empty())
        text += "\n## Rules that do not exist on this system\n\n| rule | reason |\n|---|---|\n";
    for (const auto& [label, reason] : absent_rules()) text += "| " + in_line(label) + " | " + in_line(reason) + " |\n";
    return text;
}

} // namespace pollux::conformance
