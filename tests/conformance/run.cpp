// SPDX-License-Identifier: BSL-1.0
#include "process.hpp"
#include "report.hpp"
#include "rule.hpp"
#include "rule_files.hpp"

#include <pollux/conformance/conformance.hpp>
#include <pollux/open.hpp>

#include <algorithm>
#include <cstdio>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace pollux::conformance {
namespace {

void link_all_rules() {
    link_adding_rules();
    link_buffer_rules();
    link_changing_rules();
    link_connecting_rules();
    link_ends_rules();
    link_files_rules();
    link_modes_rules();
#ifndef _WIN32
    link_descriptor_rules();
    link_fork_rules();
    link_own_descriptors_rules();
    link_posix_rules();
    link_surroundings_rules();
#endif
    link_resources_rules();
    link_seam_rules();
    link_threads_rules();
    link_time_rules();
    link_waking_rules();
}

void register_rules(const Subject& subject) {
    for (const auto& rule : listed_rules()) {
        const auto group = subject.name + "/" + rule.group;
        testing::RegisterTest(group.c_str(), rule.behaviour, nullptr, nullptr, rule.file, rule.line,
                              [&subject, &rule]() -> Rule* {
                                  Rule* made = rule.make();
                                  made->try_on(subject, rule.label);
                                  return made;
                              });
    }
}

/// Makes patterns of rules, such as "add.*:wake.*", match any subject; a pattern that names a subject, or is "*", is
/// kept.
std::string for_any_subject(const std::string& patterns) {
    std::string whole;
    std::istringstream list(patterns);
    for (std::string pattern; std::getline(list, pattern, ':');) {
        const bool is_whole = pattern.empty() || pattern == "*" || pattern.find('/') != pattern.npos;
        whole += (whole.empty() ? "" : ":") + std::string(is_whole ? "" : "*/") + pattern;
    }
    return whole;
}

/// Applies for_any_subject() to GoogleTest's filter: patterns to include, and after a "-" patterns to exclude.
void let_filter_leave_out_the_subject() {
    const std::string filter = GTEST_FLAG_GET(filter);
    const auto dash = std::min(filter.find('-'), filter.size());
    GTEST_FLAG_SET(filter, for_any_subject(filter.substr(0, dash)) +
                               (dash == filter.size() ? "" : "-" + for_any_subject(filter.substr(dash + 1))));
}

/// Removes --brief from the arguments that GoogleTest has left, and returns whether it was there.
bool remove_brief(int& argc, char** argv) {
    char** const end = argv + argc;
    char** const kept = std::remove_if(argv + std::min(argc, 1), end,
                                       [](const char* argument) { return std::string_view(argument) == "--brief"; });
    argc = static_cast<int>(kept - argv);
    return kept != end;
}

int misuse(const std::string& what) {
    std::fprintf(stderr, "pollux-conformance: %s\n", escaped(what).c_str());
    return 2;
}

constexpr const char* usage =
    "usage: pollux-conformance <name or file>... [--brief] [GoogleTest's flags]\n"
    "\n"
    "Tests every rule of the Pollux contract on each backend: an installed backend by its name\n"
    "(epoll), any other by its file (./libpollux-mine.so).\n"
    "\n"
    "  --gtest_filter=add.*:wake.next  run these rules only; <backend>/<rule> on one backend only\n"
    "  --gtest_list_tests              list the names of all rules\n"
    "  --gtest_repeat=N                run everything N times\n"
    "  --brief                         run a tenth of the rounds of rules with many, for at most\n"
    "                                  1 s instead of 20 s; the verdict mentions it\n"
    "  --gtest_output=xml:FILE         write a machine-readable report; or json:FILE\n"
    "\n"
    "Exit status: 0 all rules that were run hold, 1 a rule is broken, 2 misuse, 3 a rule hangs.\n";

} // namespace

int run(const std::vector<Subject>& subjects, int argc, char** argv) {
    link_all_rules();
    begin_process();
    std::erase_if(listed_rules(), [](const ListedRule& rule) {
        return std::ranges::any_of(
            absent_rules(), [&](const AbsentRule& absent) { return std::string_view(absent.label) == rule.label; });
    });
    testing::InitGoogleTest(&argc, argv);
    let_filter_leave_out_the_subject();
    const bool is_brief = remove_brief(argc, argv);
    if (is_brief) Budget::be_brief();
    if (argc > 1) return misuse("unknown argument \"" + std::string(argv[1]) + "\"");
    std::set<std::string> names;
    for (const auto& subject : subjects) {
        if (subject.name.empty() || subject.name.find_first_of("/.") != std::string::npos)
            return misuse("\"" + subject.name + "\" cannot be a subject's name: expected one without \"/\" and \".\"");
        if (!names.insert(subject.name).second) return misuse("two subjects are called \"" + subject.name + "\"");
        register_rules(subject);
    }
    Report report(listed_rules().size(), is_brief);
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    auto* printer = listeners.Release(listeners.default_result_printer());
    listeners.Append(&report);
    listeners.Append(
        printer); // listeners are called in reverse at the end of an iteration, so the verdict is printed last
    const int status = RUN_ALL_TESTS();
    listeners.Release(&report);
    if (GTEST_FLAG_GET(list_tests)) return status;
    if (!report.ran_any()) return misuse("no rule was run: the filter matches none, or there is no subject");
    return status;
}

Subject subject_of(const Choice& choice) {
    if (!choice.winner) throw std::invalid_argument("expected a Choice with a winner");
    OpenFailure failure;
    const auto selector = choice.open(failure);
    const bool is_stack = selector && !choice.layers.empty();
    Subject subject{choice.stack(), is_stack ? copy_of(selector->capabilities()) : choice.winner->capabilities,
                    [choice](OpenFailure& reason) { return choice.open(reason); }};
    // "/" and "." separate the names of tests.
    std::ranges::replace_if(
        subject.name, [](char c) { return c == '/' || c == '.'; }, '_');
    if (choice.layers.empty()) return subject;
    subject.open_around = [layer = choice.layers.front()](std::unique_ptr<Selector> inner, OpenFailure& reason) {
        return layer.open_around(std::move(inner), reason);
    };
    return subject;
}

int run_backends(int argc, char** argv) {
    std::vector<Subject> subjects;
    std::vector<char*> flags{argv[0]};
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--help" || argument == "-h") {
            std::fputs(usage, stdout);
            return 0;
        }
        if (argument.starts_with("-")) {
            flags.push_back(argv[i]);
            continue;
        }
        Choice choice;
        static_cast<void>(open({.backend = argument}, choice));
        if (!choice.winner) {
            std::fprintf(stderr, "%s\n", choice.text().c_str());
            return 1;
        }
        subjects.push_back(subject_of(choice));
    }
    if (subjects.empty()) {
        std::fputs(usage, stderr);
        return misuse("expected the name or file of at least one backend");
    }
    const int flag_count = static_cast<int>(flags.size());
    flags.push_back(nullptr);
    return run(subjects, flag_count, flags.data());
}

} // namespace pollux::conformance
