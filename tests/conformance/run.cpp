// SPDX-License-Identifier: BSL-1.0
#include "isolation.hpp"
#include "process.hpp"
#include "report.hpp"
#include "rule.hpp"
#include "rule_files.hpp"

#include <pollux/conformance/conformance.hpp>
#include <pollux/open.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace pollux::conformance {
namespace {

void link_all_rules() {
    link_adding_rules();
    link_buffer_rules();
    link_changing_rules();
    link_clock_rules();
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
#ifdef __linux__
    link_table_rules();
#endif
    link_resources_rules();
    link_seam_rules();
    link_threads_rules();
    link_time_rules();
    link_waking_rules();
}

/// The arguments that are not GoogleTest's.
struct Options {
    bool is_brief = false;
    bool in_process = !Isolation::is_supported();
    std::size_t jobs = std::max(1U, std::thread::hardware_concurrency());
    std::size_t hang_limit = 30; // seconds
    std::string fault = {};      // what is wrong with them
};

/// Fills the queue of an Isolation at the beginning of each iteration with the rules that it runs, in their order.
class Ahead : public testing::EmptyTestEventListener {
  public:
    explicit Ahead(Isolation& isolation) : isolation_(isolation) {}
    void add(const Subject& subject, const ListedRule& rule) {
        rules_[subject.name + "/" + rule.label] = {&subject, &rule};
    }

  private:
    void OnTestIterationStart(const testing::UnitTest& all, int /*iteration*/) override {
        for (int i = 0; i < all.total_test_suite_count(); ++i) {
            const auto& suite = *all.GetTestSuite(i);
            for (int j = 0; j < suite.total_test_count(); ++j) {
                const auto& test = *suite.GetTestInfo(j);
                const auto name = std::string(suite.name()) + "." + test.name();
                const auto found = rules_.find(name);
                if (!test.should_run() || found == rules_.end()) continue;
                isolation_.run_ahead(name, [subject = found->second.first, rule = found->second.second] {
                    const std::unique_ptr<Rule> made(rule->make());
                    made->try_on(*subject, rule->label, nullptr);
                    made->run_here();
                });
            }
        }
    }

    Isolation& isolation_;
    std::map<std::string, std::pair<const Subject*, const ListedRule*>> rules_; // by the names of their tests
};

void register_rules(const Subject& subject, Isolation* isolation) {
    for (const auto& rule : listed_rules()) {
        const auto group = subject.name + "/" + rule.group;
        testing::RegisterTest(group.c_str(), rule.behaviour, nullptr, nullptr, rule.file, rule.line,
                              [&subject, &rule, isolation]() -> Rule* {
                                  Rule* made = rule.make();
                                  made->try_on(subject, rule.label, isolation);
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

/// Reads "<option>=<count>", a count from 1 to `most`; returns whether the argument is of that option.
bool read_count(std::string_view argument, const std::string& option, std::size_t most, std::size_t& count,
                std::string& fault) {
    if (!argument.starts_with(option + "=")) return false;
    const auto text = argument.substr(option.size() + 1);
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || stop != text.data() + text.size() || count < 1 || count > most)
        fault =
            option + ": expected a count from 1 to " + std::to_string(most) + ", seen \"" + std::string(text) + "\"";
    return true;
}

/// Removes its own options from the arguments that GoogleTest has left.
Options remove_options(int& argc, char** argv) {
    Options options;
    char** const end = argv + argc;
    char** const kept = std::remove_if(argv + std::min(argc, 1), end, [&](const std::string_view argument) {
        if (argument == "--brief") return options.is_brief = true;
        if (argument == "--in-process") return options.in_process = true;
        return read_count(argument, "--jobs", 256, options.jobs, options.fault) ||
               read_count(argument, "--hang-limit", 3600, options.hang_limit, options.fault);
    });
    argc = static_cast<int>(kept - argv);
    return options;
}

int misuse(const std::string& what) {
    std::istringstream lines(what);
    for (std::string line; std::getline(lines, line);)
        std::fprintf(stderr, "pollux-conformance: %s\n", escaped(line).c_str());
    return 2;
}

/// Loads a plugin in a process of its own, and returns what ended that before it was done.
std::string fault_of_loading(const std::string& backend) {
    if (!Isolation::is_supported()) return {};
    Isolation isolation(1);
    isolation.run_ahead(backend, [&backend] {
        Choice choice;
        static_cast<void>(open({.backend = backend}, choice)); // the Choice has its error
        if (choice.winner) subject_of(choice);
    });
    const auto findings = isolation.findings_of(backend);
    if (findings.failures.empty()) return {};
    return "loading " + backend + ": " + findings.failures.front().text + "\n" + findings.output;
}

constexpr const char* usage =
    "usage: pollux-conformance <name or file>... [option]... [GoogleTest's flags]\n"
    "\n"
    "Tests every rule of the Pollux contract on each backend: an installed backend by its name\n"
    "(epoll), any other by its file (./libpollux-mine.so).\n"
    "\n"
    "  --gtest_filter=add.*:wake.next  run these rules only; <backend>/<rule> on one backend only\n"
    "  --gtest_list_tests              list the names of all rules\n"
    "  --gtest_repeat=N                run everything N times\n"
    "  --brief                         run a tenth of the rounds of rules with many, for at most\n"
    "                                  1 s instead of 20 s; the verdict mentions it\n"
    "  --jobs=N                        run N rules at a time, each in a process of its own;\n"
    "                                  without it as many as there are processors\n"
    "  --hang-limit=N                  how many seconds a rule may make no progress; 30 without it\n"
    "  --in-process                    run all rules in this process, for debuggers: a crash ends it,\n"
    "                                  and a rule that hangs for 120 s, with status 3\n"
    "  --gtest_output=xml:FILE         write a machine-readable report; or json:FILE\n"
    "\n"
    "Exit status: 0 all rules that were run hold; 1 a rule is broken, or its process crashes, exits,\n"
    "hangs, or prints more than 1 MiB; 2 misuse, or a backend that cannot be had.\n";

} // namespace

int run(const std::vector<Subject>& subjects, int argc, char** argv) {
    link_all_rules();
    begin_process();
    block_realtime_signals();
    std::erase_if(listed_rules(), [](const ListedRule& rule) {
        return std::ranges::any_of(
            absent_rules(), [&](const AbsentRule& absent) { return std::string_view(absent.label) == rule.label; });
    });
    testing::InitGoogleTest(&argc, argv);
    let_filter_leave_out_the_subject();
    const Options options = remove_options(argc, argv);
    if (!options.fault.empty()) return misuse(options.fault);
    if (options.is_brief) Budget::be_brief();
    if (argc > 1) return misuse("unknown argument \"" + std::string(argv[1]) + "\"");
    Isolation isolation(options.jobs, std::chrono::seconds(options.hang_limit));
    Ahead ahead(isolation);
    std::set<std::string> names;
    for (const auto& subject : subjects) {
        if (subject.name.empty() || subject.name.find_first_of("/.") != std::string::npos)
            return misuse("\"" + subject.name + "\" cannot be a subject's name: expected one without \"/\" and \".\"");
        if (!names.insert(subject.name).second) return misuse("two subjects are called \"" + subject.name + "\"");
        register_rules(subject, options.in_process ? nullptr : &isolation);
        for (const auto& rule : listed_rules()) ahead.add(subject, rule);
    }
    Report report(listed_rules().size(), options.is_brief);
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    auto* printer = listeners.Release(listeners.default_result_printer());
    if (!options.in_process) listeners.Append(&ahead);
    listeners.Append(&report);
    listeners.Append(
        printer); // listeners are called in reverse at the end of an iteration, so the verdict is printed last
    const int status = RUN_ALL_TESTS();
    listeners.Release(&report);
    if (!options.in_process) listeners.Release(&ahead);
    if (GTEST_FLAG_GET(list_tests)) return status;
    if (!report.ran_any()) return misuse("no rule was run: the filter matches none, or there is no subject");
    return status;
}

Subject subject_of(const Choice& choice) {
    if (!choice.winner) throw std::invalid_argument("expected a Choice with a winner");
    OpenFailure failure;
    const auto selector = choice.layers.empty() ? nullptr : choice.open(failure); // whose capabilities layers change
    Subject subject{choice.stack(), selector ? copy_of(selector->capabilities()) : choice.winner->capabilities,
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
        if (const auto fault = fault_of_loading(argument); !fault.empty()) return misuse(fault);
        Choice choice;
        static_cast<void>(open({.backend = argument}, choice));
        if (!choice.winner) {
            std::fprintf(stderr, "%s\n", choice.text().c_str());
            return 2;
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
