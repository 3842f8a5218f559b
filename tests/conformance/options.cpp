// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include "../../tools/nearest.hpp"
#include "command_line.hpp"
#include "explanations.hpp"
#include "facts.hpp"
#include "isolation.hpp"
#include "report_file.hpp"

#include <pollux/open.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <sstream>
#include <string_view>
#include <thread>

namespace pollux::conformance {

namespace {

constexpr std::size_t most_jobs = 256;

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

/// Reads "<option>=<file>", or "<option>" and `next`. Returns how many arguments that is.
int read_file(std::string_view argument, const char* next, const std::string& option, std::vector<std::string>& files,
              std::string& fault) {
    const bool is_alone = argument == option;
    if (!is_alone && !argument.starts_with(option + "=")) return 0;
    files.emplace_back(is_alone ? std::string_view(next ? next : "") : argument.substr(option.size() + 1));
    if (files.back().empty()) fault = option + ": expected the name of a file";
    return is_alone && next ? 2 : 1;
}

int explain(const std::string& name) {
    for (const auto& rule : listed_rules()) {
        if (name != rule.label) continue;
        std::fputs(text_of(rule).c_str(), stdout);
        return 0;
    }
    for (const auto& absent : absent_rules()) {
        if (name != absent.label) continue;
        std::printf("%s does not exist on this system: %s\n", absent.label, absent.reason);
        return 0;
    }
    std::string known;
    for (const auto& rule : listed_rules()) {
        if (name.substr(0, name.find('.')) == rule.group)
            known += (known.empty() ? "" : ", ") + std::string(rule.label);
    }
    return misuse("--explain: expected the name of a rule, seen \"" + name + "\"; " +
                  (known.empty() ? "--gtest_list_tests lists them" : "its group has " + known));
}

} // namespace

Options remove_options(int& argc, char** argv) {
    Options options{.in_process = !Isolation::is_supported(),
                    .jobs =
                        std::clamp<std::size_t>(std::size_t{2} * std::thread::hardware_concurrency(), 2, most_jobs)};
    int kept = std::min(argc, 1);
    for (int i = kept; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const char* const next = i + 1 < argc ? argv[i + 1] : nullptr;
        if (argument == "--brief") {
            options.is_brief = true;
        } else if (argument == "--in-process") {
            options.in_process = true;
        } else if (const int expected = read_file(argument, next, "--expect", options.expected, options.fault)) {
            i += expected - 1;
        } else if (const int reports = read_file(argument, next, "--report", options.reports, options.fault)) {
            i += reports - 1;
        } else if (!read_count(argument, "--jobs", most_jobs, options.jobs, options.fault) &&
                   !read_count(argument, "--hang-limit", 3600, options.hang_limit, options.fault)) {
            argv[kept++] = argv[i];
        }
    }
    argc = kept;
    for (const auto& file : options.reports) {
        if (options.fault.empty()) options.fault = fault_of_report(file);
    }
    return options;
}

std::string question_of(std::string_view argument) {
    std::vector<std::string> known;
    for (const auto& option : suite_options()) known.emplace_back(name_of(option));
    return tools::question(argument.substr(0, argument.find('=')), known);
}

bool has_value(const std::string& argument) {
    return argument == "--expect" || argument == "--report" || argument == "--explain";
}

bool answers(int argc, char** argv, int& status) {
    status = 0;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--help" || argument == "-h") {
            std::fputs(suite_help().c_str(), stdout);
        } else if (argument == "--version") {
            std::fputs(text_of(suite_facts()).c_str(), stdout);
        } else if (argument == "--explain" || argument.starts_with("--explain=")) {
            status = explain(argument != "--explain" ? argument.substr(10) : i + 1 < argc ? argv[i + 1] : "");
        } else {
            if (has_value(argument)) ++i;
            continue;
        }
        return true;
    }
    return false;
}

int misuse(const std::string& what) {
    std::istringstream lines(what);
    for (std::string line; std::getline(lines, line);)
        std::fprintf(stderr, "pollux-conformance: %s\n", escaped(line).c_str());
    return 2;
}

} // namespace pollux::conformance
