// SPDX-License-Identifier: BSL-1.0
// The report as JUnit XML, as continuous integration reads it.
#include "document.hpp"
#include "explanations.hpp"

namespace pollux::conformance {
namespace {

std::string seconds(std::chrono::nanoseconds time) {
    return std::to_string(std::chrono::duration<double>(time).count());
}

std::string attribute(const std::string& name, std::string_view text) {
    return " " + name + "=\"" + in_markup(text) + "\"";
}

std::string property(const std::string& name, std::string_view text) {
    return "<property" + attribute("name", name) + attribute("value", text) + "/>\n";
}

std::string case_of(const RuleResult& result, const std::string& subject) {
    const auto& rule = *result.rule;
    const auto& findings = result.findings;
    std::string xml = "    <testcase" + attribute("classname", subject + "." + rule.group) +
                      attribute("name", rule.behaviour) + attribute("time", seconds(findings.duration)) + ">\n";
    xml += "      <properties>\n";
    xml += "        " + property("level", name_of(rule.traits.level));
    xml += "        " + property("since", explanation_of(rule).since);
    xml += "        " + property("outcome", name_of(result.outcome));
    if (!result.reason.empty()) xml += "        " + property("reason", result.reason);
    for (const auto& [key, value] : findings.properties) xml += "        " + property(key, value);
    xml += "      </properties>\n";
    if (is_error(result.outcome)) {
        for (const auto& [file, line, text] : findings.failures) {
            xml += "      <failure" + attribute("message", file + ":" + std::to_string(line)) + ">" + in_markup(text) +
                   "</failure>\n";
        }
    } else if (result.outcome == Outcome::unsupported || result.outcome == Outcome::deviates ||
               result.outcome == Outcome::not_run || result.outcome == Outcome::expected_failure) {
        xml += "      <skipped" +
               attribute("message",
                         std::string(name_of(result.outcome)) + (result.reason.empty() ? "" : ": " + result.reason)) +
               "/>\n";
    }
    std::string output;
    if (!is_error(result.outcome)) {
        for (const auto& failure : findings.failures) output += failure.text + "\n";
    }
    if (!findings.failures.empty()) output += findings.output;
    if (!output.empty()) xml += "      <system-out>" + in_markup(output) + "</system-out>\n";
    return xml + "    </testcase>\n";
}

std::string suite_of(const Subject& subject, const Document& document) {
    const auto& results = document.results.of(subject.name);
    std::string cases;
    std::chrono::nanoseconds duration{0};
    for (const auto& rule : listed_rules()) {
        const auto& result = results.at(rule.label);
        duration += result.findings.duration;
        cases += case_of(result, subject.name);
    }
    const auto failures = count_of(results, Outcome::failed) + count_of(results, Outcome::unexpected_pass);
    const auto skipped = count_of(results, Outcome::unsupported) + count_of(results, Outcome::deviates) +
                         count_of(results, Outcome::not_run) + count_of(results, Outcome::expected_failure);
    std::string xml = "  <testsuite" + attribute("name", subject.name) +
                      attribute("tests", std::to_string(results.size())) +
                      attribute("failures", std::to_string(failures)) + attribute("errors", "0") +
                      attribute("skipped", std::to_string(skipped)) + attribute("time", seconds(duration)) +
                      attribute("timestamp", document.begun) + ">\n    <properties>\n";
    xml += "      " + property("verdict", text_of(verdict_of(results)));
    xml += "      " + property("mode", document.is_brief ? "brief" : "full");
    for (const auto& facts : {document.suite, document.system}) {
        for (const auto& [name, fact] : facts) xml += "      " + property(name, fact);
    }
    for (const auto& plugin : subject.plugins)
        xml += "      " + property("plugin", plugin.name + " (" + plugin.file.string() + "): " + plugin.summary);
    for (const auto& [name, member] : named_capabilities) {
        const auto& capability = subject.capabilities.*member;
        xml += "      " + property("capability." + std::string(name), text_of(capability));
    }
    return xml + "    </properties>\n" + cases + "  </testsuite>\n";
}

} // namespace

std::string junit_of(const Document& document) {
    std::string suites;
    std::size_t tests = 0, failures = 0;
    for (const auto& subject : document.subjects) {
        const auto& results = document.results.of(subject.name);
        tests += results.size();
        failures += count_of(results, Outcome::failed) + count_of(results, Outcome::unexpected_pass);
        suites += suite_of(subject, document);
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + attribute("name", "pollux-conformance") +
           attribute("tests", std::to_string(tests)) + attribute("failures", std::to_string(failures)) +
           attribute("errors", "0") + attribute("time", seconds(document.duration)) + ">\n" + suites +
           "</testsuites>\n";
}

} // namespace pollux::conformance
