// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/capabilities.hpp>
#include <pollux/selector.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The specification of Pollux as a program: every rule of the headers is one test of the same name.
namespace pollux::conformance {

/// What is tested: anything that makes Selectors, be it a plugin, a layer around one, or an object in this program.
struct Subject {
    std::string name;          // what reports call it
    Capabilities capabilities; // what it says of itself; each word is held against it
    /// A fresh Selector; null and the reason on failure. Called for each rule, in a thread of the rule's own, one at a
    /// time.
    std::function<std::unique_ptr<Selector>(OpenFailure&)> open;
};

/// Runs every rule on each subject and reports: rules passed, failed, declared unsupported with the reason; the last
/// line says who is conformant. Rules are GoogleTest tests named `<subject>/<rule>`, as in "epoll/add.duplicate", and
/// GoogleTest's flags are taken from argv: --gtest_filter=add.duplicate (on each subject), --gtest_output=xml:file ...
/// So is --brief: rules of many rounds try a tenth of them, for 1 s instead of 20 s at most, and the last line says so.
///
/// A rule that hangs ends the process, with its name and status 3.
/// Returns: an exit status: 0 if every rule that was run holds and at least one was run, 1 if not, 2 if the arguments
/// make no sense.
/// Threads: once in a process.
int run(const std::vector<Subject>& subjects, int argc, char** argv);

/// The same for installed backends: the program `pollux-conformance <name or file>... [--brief] [GoogleTest's flags]`.
int run_backends(int argc, char** argv);

} // namespace pollux::conformance
