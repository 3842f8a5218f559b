// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "described.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pollux::tools::pages {

/// What all pages of a build have in common.
struct Edition {
    std::string date;      // of the build
    std::string version;   // of Pollux
    std::string documents; // the folder of the documentation, below the prefix
};

/// Returns the manual page of a command, of section 1. `others` are the pages that it refers to, as "pollux(7)".
std::string manual(const Command& command, const Edition& edition, const std::vector<std::string_view>& others);

/// Returns the manual page pollux(7), made of docs/environment.md.
/// Errors: std::invalid_argument, if the page has no title.
std::string environment_manual(std::string_view markdown, const Edition& edition);

} // namespace pollux::tools::pages
