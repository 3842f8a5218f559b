// SPDX-License-Identifier: BSL-1.0
#include "../../tools/diagnostic.hpp"
#include "../../tools/user_environment.hpp"
#include "command_line.hpp"
#include "document.hpp"
#include "isolation.hpp"
#include "options.hpp"
#include "process.hpp"
#include "report.hpp"
#include "report_file.hpp"
#include "rule.hpp"
#include "rule_files.hpp"

#include <pollux/conformance/conformance.hpp>
#include <pollux/open.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace pollux::conformance {
namespace {

constexpr int not_judged = 2; // the exit status

void link_all_rules() {
    link_adding_rules();
    link_buffer_rules();
    link_changing_rules();
    link_clock_rules();
    link_connecting_rules();
    link_declarations_rules();
    link_ends_rules();
    link_files_rules();
    link_leaks_rules();
    link_modes_rules();
#ifndef _WIN32
    link_descriptor_rules();
    link_fork_rules();
    link_numbers_rules();
    link_own_descriptors_rules();
    link_posix_rules();
    link_signals_rules();
    link_surroundings_rules();
#endif
#ifdef __linux__
    link_sequences_rules();
    link_table_rules();
#endif
    link_resources_rules();
    link_room_rules();
    link_seam_rules();
    link_threads_rules();
    link_time_rules();
    link_waits_rules();
    link_waking_rules();
}

/// A QueueFiller adds the rules of an iteration of GoogleTest to the queue of an Isolation, in their order, when the
/// iteration begins.
class QueueFiller : public testing::EmptyTestEventListener {
  public:
    explicit QueueFiller(Isolation& isolation) : isolation_(isolation) {}
    void add(const Subject& subject, const ListedRule& rule) {
        rules_[subject.name + "/" + rule.label] = {&subject, &rule};
    }

  private:
    void OnTestIterationStart(const testing::UnitTest& all, int /*iteration*/) override {
        isolation_.begin_run();
        for (int i = 0; i < all.total_test_suite_count(); ++i) {
            const auto& suite = *all.GetTestSuite(i);
            for (int j = 0; j < suite.total_test_count(); ++j) {
                const auto& test = *suite.GetTestInfo(j);
                const auto name = std::string(suite.name()) + "." + test.name();
                const auto found = rules_.find(name);
                if (!test.should_run() || found == rules_.end()) continue;
                isolation_.run_ahead(name, found->second.second->traits.takes,
                                     [subject = found->second.first, rule = found->second.second] {
                                         const std::unique_ptr<Rule> made(rule->make());
                                         made->try_on(*subject, *rule, nullptr);
                                         made->run_here();
                                     });
            }
        }
    }

    Isolation& isolation_;
    std::map<std::string, std::pair<const Subject*, const ListedRule*>> rules_; // by the names of their tests
};

void register_rules(const Subject& subject, RunContext& run) {
    for (const auto& rule : listed_rules()) {
        const auto group = subject.name + "/" + rule.group;
        testing::RegisterTest(group.c_str(), rule.behaviour, nullptr, nullptr, rule.file, rule.line,
                              [&subject, &rule, &run]() -> Rule* {
                                  Rule* made = rule.make();
                                  made->try_on(subject, rule, &run);
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

// 500 pairs of sources, the standard streams, and what a backend, its libraries and this process open. Each further
// rule that runs at the same time takes one more.
constexpr std::size_t needed_descriptors = 1020;

/// Returns whether this process may open enough descriptors; prints the verdict if not. A rule that cannot make its
/// sources is broken whatever the backend does.
bool has_descriptors() {
    const auto limit = allow_descriptors(needed_descriptors);
    if (limit >= needed_descriptors) return true;
    std::printf("not judged: too few descriptors: the limit of this process is %zu (ulimit -Hn), the rules need %zu\n",
                limit, needed_descriptors);
    return false;
}

/// Loads a plugin in a process of its own, and returns what ended that before it was done.
std::string fault_of_loading(const std::string& backend) {
    if (!Isolation::is_supported()) return {};
    Isolation isolation(1);
    isolation.run_ahead(backend, std::chrono::milliseconds(0), [&backend] {
        Choice choice;
        static_cast<void>(open({.backend = backend}, choice)); // the Choice has its error
        if (choice.backend) subject_of(choice);
    });
    const auto findings = isolation.findings_of(backend);
    if (!findings || findings->failures.empty()) return {};
    return "loading " + backend + ": " + findings->failures.front().text + "\n" + findings->output;
}

/// With --gtest_fail_fast, an error ends the run.
Isolation::EndsRun errors_that_end_the_run(const std::vector<Subject>& subjects, const Expectations& expectations) {
    if (!GTEST_FLAG_GET(fail_fast)) return {};
    return [&subjects, &expectations](const std::string& name, const Findings& findings) {
        for (const auto& subject : subjects) {
            for (const auto& rule : listed_rules()) {
                if (name != subject.name + "/" + rule.label) continue;
                return is_error(judge(rule, findings, expectations.find(subject.name, rule.label)).outcome);
            }
        }
        return false;
    };
}

/// Returns why the subjects cannot be tested together.
std::string fault_of(const std::vector<Subject>& subjects) {
    std::set<std::string> names;
    for (const auto& subject : subjects) {
        if (subject.name.empty() || subject.name.find_first_of("/.") != std::string::npos)
            return "\"" + subject.name + "\" cannot be a subject's name: expected one without \"/\" and \".\"";
        if (!names.insert(subject.name).second) return "two subjects are called \"" + subject.name + "\"";
    }
    return {};
}

std::string now_as_text() {
    const std::time_t now = std::time(nullptr);
    std::array<char, 32> text{};
    const auto* const parts = std::gmtime(&now); // NOLINT(concurrency-mt-unsafe): there is no other thread
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", parts);
    return text.data();
}

void remove_absent_rules() {
    std::erase_if(listed_rules(), [](const ListedRule& rule) {
        return std::ranges::any_of(
            absent_rules(), [&](const AbsentRule& absent) { return std::string_view(absent.label) == rule.label; });
    });
}

/// Prepares the list of rules; a second call does nothing.
void prepare() {
    link_all_rules();
    begin_process();
    block_realtime_signals();
    remove_absent_rules();
}

} // namespace

int run(const std::vector<Subject>& subjects, int argc, char** argv) {
    prepare();
    int status = 0;
    if (answers(argc, argv, status)) return status;
    testing::InitGoogleTest(&argc, argv);
    // GoogleTest ignores the variable.
    if (GTEST_FLAG_GET(color) == "auto" && tools::forbids_colour()) GTEST_FLAG_SET(color, "no");
    const std::string filter = GTEST_FLAG_GET(filter);
    let_filter_leave_out_the_subject();
    const Options options = remove_options(argc, argv);
    if (!options.fault.empty()) return misuse(options.fault);
    if (options.is_brief) Budget::set_brief();
    if (argc > 1) return misuse("unknown argument \"" + std::string(argv[1]) + "\"" + question_of(argv[1]));
    if (const auto fault = fault_of(subjects); !fault.empty()) return misuse(fault);
    if (!GTEST_FLAG_GET(list_tests) && !has_descriptors()) return not_judged;
    Expectations expectations;
    for (const auto& file : options.expected) {
        if (const auto fault = expectations.read(file); !fault.empty()) return misuse(fault);
    }
    const auto jobs = std::min(options.jobs, allow_descriptors(0) - needed_descriptors + 1);
    Isolation isolation(jobs, std::chrono::seconds(options.hang_limit),
                        errors_that_end_the_run(subjects, expectations));
    QueueFiller ahead(isolation);
    Results latest, all;
    RunContext context{options.in_process ? nullptr : &isolation, expectations, latest, all};
    for (const auto& subject : subjects) {
        all.add_subject(subject.name);
        register_rules(subject, context);
        for (const auto& rule : listed_rules()) ahead.add(subject, rule);
    }
    Report report(subjects, latest, options.is_brief);
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    auto* printer = listeners.Release(listeners.default_result_printer());
    if (!options.in_process) listeners.Append(&ahead);
    listeners.Append(&report);
    listeners.Append(
        printer); // listeners are called in reverse at the end of an iteration, so the verdict is printed last
    const auto begun_at = now_as_text();
    const auto begun = std::chrono::steady_clock::now();
    status = RUN_ALL_TESTS();
    listeners.Release(&report);
    if (!options.in_process) listeners.Release(&ahead);
    if (GTEST_FLAG_GET(list_tests)) return status;
    if (!report.ran_any()) return misuse("no rule was run: the filter matches none, or there is no subject");
    const Document document{.subjects = subjects,
                            .results = all,
                            .expectations = expectations,
                            .is_brief = options.is_brief,
                            .in_process = options.in_process,
                            .jobs = jobs,
                            .hang_limit = options.hang_limit,
                            .filter = filter,
                            .iterations = report.iterations(),
                            .seed = GTEST_FLAG_GET(shuffle) ? testing::UnitTest::GetInstance()->random_seed() : 0,
                            .begun = begun_at,
                            .duration = std::chrono::steady_clock::now() - begun,
                            .status = status};
    for (const auto& file : options.reports) {
        if (const auto fault = write_report(file, document); !fault.empty()) status = misuse(fault);
    }
    return status;
}

Subject subject_of(const Choice& choice) {
    if (!choice.backend) throw std::invalid_argument("expected a Choice with a backend");
    OpenFailure failure;
    const auto selector = choice.layers.empty() ? nullptr : choice.open(failure); // whose capabilities layers change
    Subject subject{choice.stack(), selector ? copy_of(selector->capabilities()) : choice.backend->capabilities,
                    [choice](OpenFailure& reason) { return choice.open(reason); }};
    subject.plugins = choice.layers;
    subject.plugins.push_back(*choice.backend);
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
    prepare();
    int status = 0;
    if (answers(argc, argv, status)) return status;
    std::vector<Subject> subjects;
    std::vector<char*> flags{argv[0]};
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument.starts_with("-")) {
            flags.push_back(argv[i]);
            if (has_value(argument) && i + 1 < argc) flags.push_back(argv[++i]);
            continue;
        }
        if (const auto fault = fault_of_loading(argument); !fault.empty())
            return has_descriptors() ? misuse(fault) : not_judged;
        Choice choice;
        static_cast<void>(open({.backend = argument}, choice));
        if (!choice.backend) {
            if (!has_descriptors()) return not_judged;
            std::fprintf(stderr, "%s\n", tools::diagnostic(choice).c_str());
            return 2;
        }
        subjects.push_back(subject_of(choice));
    }
    if (subjects.empty()) {
        std::fputs(suite_help().c_str(), stderr);
        return misuse("expected the name or file of at least one backend");
    }
    const int flag_count = static_cast<int>(flags.size());
    flags.push_back(nullptr);
    return run(subjects, flag_count, flags.data());
}

} // namespace pollux::conformance
