// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../help_section.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace pollux::tools::pages {

/// An Argument is an option of a command, or a positional argument if it has no names.
struct Argument {
    std::vector<std::string> names = {}; // "-h", "--help"
    std::string value = {};              // the word for its value: "COUNT"; empty: it has none
    bool is_joined = false;              // whether "=" has to precede the value
    bool is_required = false;
    bool is_repeated = false;
    std::string text = {};
};

/// A Command is the command line of a program, or of a subcommand, without the library that parses it.
struct Command {
    std::string name = {};     // "pollux", "list"
    std::string synopsis = {}; // of the arguments; empty: made of them
    std::string summary = {};
    std::vector<Argument> options = {};
    std::vector<Argument> positionals = {};
    std::vector<Command> commands = {};
    std::vector<HelpSection> sections = {};
};

/// Returns what CLI11 parses and prints by --help, with the subcommands.
Command described(const CLI::App& app);

/// The commands of Pollux. The one of the suite is `pollux-conformance`, and as `conformance` a subcommand of `pollux`.
Command pollux_command();
Command suite_command();
Command model_command();

} // namespace pollux::tools::pages
