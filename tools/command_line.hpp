// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "demo/demo.hpp"
#include "explain.hpp"
#include "help_section.hpp"
#include "list.hpp"
#include "new/project.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace pollux::tools {

/// A CommandLine is that of `pollux`. It is parsed, printed by --help, and made into the manual page and the
/// completions of shells, none of which have another source.
struct CommandLine {
    /// `version` returns what --version prints.
    explicit CommandLine(std::function<std::string()> version);
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    CLI::App app;
    ListOptions list_options;
    ExplainOptions explain_options;
    DemoOptions demo_options;
    NewOptions new_options;
};

/// Returns what follows the options in --help.
const std::vector<HelpSection>& help_sections();

/// The words of `pollux explain --needs`.
const std::vector<std::string>& needed_words();

} // namespace pollux::tools
