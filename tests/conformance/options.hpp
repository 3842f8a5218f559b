// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "expectations.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pollux::conformance {

/// Options are the arguments of the suite that are not GoogleTest's.
struct Options {
    bool is_brief = false;
    bool in_process; // the default: whether this system cannot run rules in processes of their own
    std::size_t jobs;
    std::size_t hang_limit = 30;            // seconds
    std::vector<std::string> expected = {}; // files of expectations
    std::vector<std::string> reports = {};  // files to write
    std::string fault = {};                 // what is wrong with the arguments
};

/// Removes the options from the arguments that GoogleTest has left.
Options remove_options(int& argc, char** argv);

/// Returns "; did you mean ...?" for an unknown argument that is nearly an option of the suite; otherwise nothing.
std::string question_of(std::string_view argument);

/// Whether the next argument belongs to this one, as that of "--expect".
bool has_value(const std::string& argument);

/// Answers --help, --version and --explain RULE on the standard output. Returns whether it did, and the exit status.
bool answers(int argc, char** argv, int& status);

/// Prints lines on the standard error stream; returns the exit status of misuse, 2.
int misuse(const std::string& what);

} // namespace pollux::conformance
