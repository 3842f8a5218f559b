// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "facts.hpp"
#include "results.hpp"

#include <pollux/conformance/conformance.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What the reports of a run are made of, and the parts that several forms of reports share.
namespace pollux::conformance {

/// A Document is the content of a report, whatever its form.
struct Document {
    const std::vector<Subject>& subjects;
    const Results& results; // of all iterations
    const Expectations& expectations;
    Facts suite = suite_facts();
    Facts system = system_facts();
    bool is_brief;
    bool in_process;
    std::size_t jobs;
    std::size_t hang_limit; // seconds
    std::string filter;
    int iterations; // that were begun
    int seed;       // of the order of rules; 0: the order of the list
    std::string begun;
    std::chrono::nanoseconds duration{0};
    int status; // the exit status
};

const char* name_of(Support support) noexcept;
/// Returns the support, and the reason if there is one: "emulated: ...".
std::string text_of(const Capability& capability);
/// Returns the verdict on a subject with its detail.
std::string text_of(const Verdict& verdict);

/// Returns the seeds that a rule has recorded.
std::vector<std::string> seeds_of(const RuleResult& result);

/// Returns the reason of a result, what the rule has measured, and in how many of several runs it failed, in one line.
std::string notes_of(const RuleResult& result);

/// The settings of the run.
Facts run_facts(const Document& document);

/// Returns what became of an expectation on a subject: the outcome of its rule; "not run" if it is for another subject.
Outcome outcome_of(const Expectation& expectation, const std::string& subject, const Results& results);

/// Returns the text as lines that are UTF-8 and have no control characters but the line feeds between them.
std::string printable(std::string_view text);
/// Returns printable text with the characters replaced that XML and HTML reserve.
std::string in_markup(std::string_view text);
std::string milliseconds(std::chrono::nanoseconds time);

std::string json_of(const Document& document);
std::string junit_of(const Document& document);
std::string markdown_of(const Document& document);
std::string html_of(const Document& document);

} // namespace pollux::conformance
