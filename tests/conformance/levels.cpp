// SPDX-License-Identifier: BSL-1.0
// The suite with three rules of this program, of each level: those of level should and recorded are broken or measure
// as the first argument states. For report_test.py.
#include "rule.hpp"

#include <pollux/open.hpp>

#include <string_view>

// Not a rule of the contract, which tests/architecture would look for in the headers.
#define OF_TEST RULE

namespace pollux::conformance {
namespace {
std::string_view how;
} // namespace

OF_TEST(levels, must) { expect(how != "must", "expected: kept, seen: broken"); }
OF_TEST(levels, should, .level = Level::should) { expect(how == "none", "expected: kept, seen: broken"); }
OF_TEST(levels, recorded, .level = Level::recorded) {
    record("figure", "17");
    expect(how != "recorded", "expected: kept, seen: broken");
}

} // namespace pollux::conformance

int main(int argc, char** argv) {
    pollux::conformance::how = argv[1];
    pollux::Choice choice;
    static_cast<void>(pollux::open({.backend = "epoll"}, choice));
    argv[1] = argv[0];
    return pollux::conformance::run({pollux::conformance::subject_of(choice)}, argc - 1, argv + 1);
}
