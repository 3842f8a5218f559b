// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>
#include <pollux/selector.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// The conformance suite: every rule of the headers is a test of the same name.
namespace pollux::conformance {

/// A Subject is what the suite tests: a factory of Selectors, of a plugin, of a layer, or of a class in this program.
struct Subject {
    std::string name;          // its name in reports, without "/" and "."
    Capabilities capabilities; // what it declares, and has to keep
    /// Returns a new Selector; null and the reason on failure. Called at least once for each rule, in the process and
    /// the thread of that rule.
    std::function<std::unique_ptr<Selector>(OpenFailure&)> open;
    /// Of a layer: returns a new Selector around `inner`, as `open` does. Empty for a backend.
    std::function<std::unique_ptr<Selector>(std::unique_ptr<Selector> inner, OpenFailure&)> open_around = {};
    /// The plugins of a stack, the backend last, for reports. Empty for a class of this program.
    std::vector<FoundPlugin> plugins = {};
};

/// Returns the subject for a stack that was chosen.
/// Errors: std::invalid_argument without a backend.
Subject subject_of(const Choice& choice);

/// Runs every rule on each subject, and prints which rules passed, failed, or are declared unsupported, with the
/// reason; the last line names the conformant subjects. Rules are GoogleTest tests with the name `<subject>/<rule>`, as
/// in "epoll/add.duplicate". `argv` may have GoogleTest's flags, as --gtest_filter=add.duplicate (on each subject) and
/// --gtest_output=xml:file, and --brief: rules with many rounds then run a tenth of them, for at most 1 s instead of
/// 20 s, and the last line mentions it.
///
/// Each rule runs in a forked process, --jobs=N of them at a time, or one for each processor. A rule is broken, and the
/// others run, if its process crashes, exits, makes no progress for 30 s (--hang-limit=N), or prints more than 1 MiB.
/// With --in-process, and under Windows, all rules run in this process, and one that takes longer than 120 s ends it
/// with status 3.
///
/// Returns:   an exit status: 0 if every rule that was run holds and at least one was run, 1 if not, 2 if the arguments
///            are invalid.
/// Threads:   call it once in a process, which has no other thread then, since it is forked.
/// Processes: it ignores SIGPIPE from then on, and on Linux blocks the realtime signals in the calling thread, which
///            rules send to the process for signalfd(2).
int run(const std::vector<Subject>& subjects, int argc, char** argv);

/// Runs every rule on installed backends: the program
/// `pollux-conformance <name or file>... [--brief] [GoogleTest's flags]`.
int run_backends(int argc, char** argv);

} // namespace pollux::conformance
