// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../tools/help_section.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pollux::conformance {

/// The command line of pollux-conformance. --help, the manual page and the completions of shells are made of these
/// three.
inline constexpr std::string_view suite_synopsis = "<name or file>... [option]... [GoogleTest's flags]";
inline constexpr std::string_view suite_summary = "Tests every rule of the Pollux contract on each backend: an "
                                                  "installed backend by its name (epoll), any other by its "
                                                  "file (./libpollux-mine.so).";
/// With "=" before their value where that has to be a part of the same argument.
const std::vector<tools::HelpEntry>& suite_options();
const std::vector<tools::HelpSection>& suite_sections();

/// Returns an option without its value, as "--jobs".
std::string_view name_of(const tools::HelpEntry& option);

/// Returns what --help prints.
std::string suite_help();

} // namespace pollux::conformance
