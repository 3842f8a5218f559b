// SPDX-License-Identifier: BSL-1.0
// The report as one page of HTML, which refers to nothing outside of it.
#include "document.hpp"
#include "explanations.hpp"

namespace pollux::conformance {
namespace {

constexpr const char* style = "body{font:16px/1.5 sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#222}\n"
                              "table{border-collapse:collapse;margin:1em 0}\n"
                              "td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left;vertical-align:top}\n"
                              "td.n{text-align:right}\n"
                              "pre{background:#f6f6f6;padding:.6em;overflow-x:auto}\n"
                              ".good{background:#e4f4e4}.bad{background:#f9dcdc}.known{background:#fdf3d0}\n"
                              ".verdict{font-weight:bold;padding:.5em}\n";

const char* class_of(Outcome outcome) {
    if (is_error(outcome)) return "bad";
    if (outcome == Outcome::passed) return "good";
    return outcome == Outcome::expected_failure || outcome == Outcome::falls_short ? "known" : "";
}

std::string row(std::string_view first, std::string_view second) {
    return "<tr><th>" + in_markup(first) + "</th><td>" + in_markup(second) + "</td></tr>\n";
}

std::string rows_of(const Facts& facts) {
    std::string rows;
    for (const auto& [name, fact] : facts) rows += row(name, fact);
    return rows;
}

std::string cell(std::string_view text) { return "<td>" + in_markup(text) + "</td>"; }

std::string row_of(const RuleResult& result) {
    const auto explanation = explanation_of(*result.rule);
    std::string html = "<tr class=\"" + std::string(class_of(result.outcome)) + "\"><th>" +
                       in_markup(result.rule->label) + "</th>" + cell(name_of(result.rule->traits.level)) +
                       cell(explanation.since) + cell(name_of(result.outcome)) + "<td class=\"n\">" +
                       milliseconds(result.findings.duration) + "</td>" + cell(notes_of(result)) + "<td>" +
                       in_markup(explanation.promise);
    if (!result.findings.failures.empty()) {
        html += "<details open><summary>broken</summary>";
        for (const auto& [file, line, text] : result.findings.failures)
            html += "<pre>" + in_markup(file + ":" + std::to_string(line) + "\n" + text) + "</pre>";
        html += "<p>What commonly breaks it: " + in_markup(explanation.what_breaks) + "</p>";
        if (!result.findings.output.empty()) html += "<pre>" + in_markup(result.findings.output) + "</pre>";
        html += "</details>";
    }
    return html + "</td></tr>\n";
}

std::string section_of(const Subject& subject, const Document& document) {
    const auto& results = document.results.of(subject.name);
    const auto verdict = verdict_of(results);
    const char* const look = verdict.kind == Verdict::Kind::conformant   ? "good"
                             : verdict.kind == Verdict::Kind::not_judged ? "known"
                                                                         : "bad";
    std::string html = "<h2>" + in_markup(subject.name) + "</h2>\n<p class=\"verdict " + look + "\">" +
                       in_markup(text_of(verdict)) + "</p>\n<table>\n";
    for (const auto outcome : outcomes) {
        if (const auto count = count_of(results, outcome); count > 0)
            html += row(name_of(outcome), std::to_string(count));
    }
    html += "</table>\n<table>\n";
    for (const auto& plugin : subject.plugins)
        html += row("plugin", plugin.name + ", " + plugin.file.string() + ": " + plugin.summary);
    for (const auto& [name, member] : named_capabilities) html += row(name, text_of(subject.capabilities.*member));
    html += row("timeout resolution", std::to_string(subject.capabilities.timeout_resolution.count()) + " ns");
    for (const auto& each : document.expectations.all()) {
        if (!each.subject.empty() && each.subject != subject.name) continue;
        html += row("expected: " + each.rule,
                    std::string(name_of(outcome_of(each, subject.name, document.results))) + ": " + each.reason);
    }
    html += "</table>\n<table>\n<tr><th>rule</th><th>level</th><th>since</th><th>outcome</th><th>ms</th><th>notes</th>"
            "<th>what must hold</th></tr>\n";
    for (const auto& rule : listed_rules()) html += row_of(results.at(rule.label));
    return html + "</table>\n";
}

} // namespace

std::string html_of(const Document& document) {
    std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<title>Conformance to the Pollux contract</title>\n<style>\n" +
                       std::string(style) +
                       "</style>\n</head>\n<body>\n<h1>Conformance to the Pollux contract</h1>\n<table>\n";
    html += rows_of(document.suite) + rows_of(document.system);
    html += rows_of(run_facts(document)) + "</table>\n";
    for (const auto& subject : document.subjects) html += section_of(subject, document);
    if (!absent_rules().empty()) {
        html += "<h2>Rules that do not exist on this system</h2>\n<table>\n";
        for (const auto& [label, reason] : absent_rules()) html += row(label, reason);
        html += "</table>\n";
    }
    return html + "</body>\n</html>\n";
}

} // namespace pollux::conformance
