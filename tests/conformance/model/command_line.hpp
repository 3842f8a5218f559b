// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../tools/help_section.hpp"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pollux::conformance::model {

struct Options {
    std::vector<std::string> backends = {};
    std::uint64_t seed = 0;
    std::size_t sequences = 1000;
    std::size_t seconds = 0; // replaces the number of sequences
    std::size_t length = 400;
    std::size_t jobs = 1;
    std::string played = {}; // replaces random sequences
};

/// A CommandLine is that of pollux-model. It is parsed, printed by --help, and made into the manual page and the
/// completions of shells.
struct CommandLine {
    CommandLine();
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    CLI::App app;
    Options options;
};

/// Returns what follows the options in --help.
const std::vector<tools::HelpSection>& help_sections();

} // namespace pollux::conformance::model
