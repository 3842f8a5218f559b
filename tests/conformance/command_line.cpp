// SPDX-License-Identifier: BSL-1.0
#include "command_line.hpp"

namespace pollux::conformance {

const std::vector<tools::HelpEntry>& suite_options() {
    static const std::vector<tools::HelpEntry> options = {
        {"--gtest_filter=RULES", "run these rules only, as add.*:wake.next; <backend>/<rule> on one backend only"},
        {"--gtest_list_tests", "list the names of all rules"},
        {"--gtest_repeat=N", "run everything N times"},
        {"--gtest_fail_fast", "stop at the first rule that is broken; short rules run first"},
        {"--brief", "run a tenth of the rounds of rules with many, for at most 1 s instead of 20 s; the verdict "
                    "mentions it"},
        {"--jobs=N", "run N rules at a time, each in a process of its own; without it twice the number of processors: "
                     "most rules wait"},
        {"--hang-limit=N", "how many seconds a rule may make no progress; 30 without it"},
        {"--in-process", "run all rules in this process, for debuggers: a crash ends it, and a rule that hangs for "
                         "120 s, with status 3"},
        {"--expect=FILE", "known deviations, one a line: <rule> <reason>, or <backend>/<rule> <reason>; \"#\" begins a "
                          "comment"},
        {"--report=FILE", "write a report: .json, .xml (JUnit), .md or .html; may be repeated"},
        {"--gtest_output=xml:FILE", "write GoogleTest's own report; or json:FILE"},
        {"--explain RULE", "print what the rule is for, and what commonly breaks it"},
        {"--help", "print this"},
        {"--version", "print the versions of suite, contract and compiler"},
    };
    return options;
}

const std::vector<tools::HelpSection>& suite_sections() {
    static const std::vector<tools::HelpSection> sections = {
        {"Exit status",
         {{"0", "every rule that was run holds, is declared unsupported, or is broken as --expect states"},
          {"1",
           "a rule of level \"must\" is broken, or its process crashes, exits, hangs, or prints more than 1 MiB; or "
           "a rule holds that --expect states to be broken"},
          {"2", "misuse, a backend that cannot be loaded or opened, a report that cannot be written, or nothing was "
                "judged, since this process may open too few descriptors"},
          {"3", "with --in-process: a rule hangs"}}},
    };
    return sections;
}

std::string_view name_of(const tools::HelpEntry& option) {
    return option.name.substr(0, option.name.find_first_of("= "));
}

std::string suite_help() {
    auto text = "usage: pollux-conformance " + std::string(suite_synopsis) + "\n\n";
    tools::append_wrapped(text, suite_summary, 0, 0);
    return text + "\n\n" + tools::text_of(suite_options()) + "\n" + tools::text_of(suite_sections()) + "\n";
}

} // namespace pollux::conformance
