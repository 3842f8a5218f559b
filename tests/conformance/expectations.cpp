// SPDX-License-Identifier: BSL-1.0
#include "expectations.hpp"

#include "listing.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace pollux::conformance {
namespace {

bool is_known(const std::string& label) {
    return std::ranges::any_of(listed_rules(), [&](const ListedRule& rule) { return label == rule.label; }) ||
           std::ranges::any_of(absent_rules(), [&](const AbsentRule& rule) { return label == rule.label; });
}

constexpr const char* blanks = " \t\r";

} // namespace

std::string Expectations::fault_of(const std::string& line, Expectation& expectation) const {
    const auto begin = line.find_first_not_of(blanks), end = line.find_first_of(blanks, begin);
    const auto name = line.substr(begin, end - begin);
    const auto slash = name.rfind('/');
    expectation.rule = slash == name.npos ? name : name.substr(slash + 1);
    expectation.subject = slash == name.npos ? "" : name.substr(0, slash);
    if (constexpr std::string_view in_full = "@full"; expectation.rule.ends_with(in_full)) {
        expectation.in_full = true;
        expectation.rule.resize(expectation.rule.size() - in_full.size());
    }
    if (!is_known(expectation.rule)) return "expected the name of a rule, seen \"" + expectation.rule + "\"";
    const auto reason = line.find_first_not_of(blanks, end);
    if (reason == line.npos) return "expected a reason after \"" + name + "\"";
    expectation.reason = line.substr(reason, line.find_last_not_of(blanks) - reason + 1);
    for (const auto& other : all_) {
        if (other.rule == expectation.rule && other.subject == expectation.subject)
            return "\"" + name + "\" is also in line " + std::to_string(other.line) + " of " + other.file;
    }
    return {};
}

std::string Expectations::read(const std::string& file) {
    errno = 0;
    std::ifstream stream(file);
    if (!stream) return "cannot read " + file + ": " + std::generic_category().message(errno);
    std::string faults;
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
        ++number;
        const auto begin = line.find_first_not_of(blanks);
        if (begin == line.npos || line[begin] == '#') continue;
        Expectation expectation;
        expectation.file = file;
        expectation.line = number;
        if (const auto fault = fault_of(line, expectation); !fault.empty()) {
            faults += file + ":" + std::to_string(number) + ": " + fault + "\n";
        } else {
            all_.push_back(std::move(expectation));
        }
    }
    if (stream.bad()) return "cannot read " + file + ": " + std::generic_category().message(errno);
    return faults;
}

const Expectation* Expectations::find(std::string_view subject, std::string_view rule) const {
    const Expectation* found = nullptr;
    for (const auto& each : all_) {
        if (each.rule != rule || (!each.subject.empty() && each.subject != subject)) continue;
        if (!found || !each.subject.empty()) found = &each;
    }
    return found;
}

} // namespace pollux::conformance
