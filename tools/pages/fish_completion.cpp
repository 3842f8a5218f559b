// SPDX-License-Identifier: BSL-1.0
#include "../command_line.hpp"
#include "completions.hpp"

namespace pollux::tools::pages {
namespace {

constexpr std::string_view functions = R"fish(
# After the last "," or "+", which separate plugins in POLLUX_BACKEND.
function __pollux_plugins
    set -l program (commandline -opc)[1]
    set -l head (commandline -ct | string replace -r '^--[a-z_-]*=' '' | string replace -r '[^,+]*$' '')
    for name in (eval (string replace -r 'pollux[^/]*$' pollux -- $program) list --names 2>/dev/null)
        echo $head$name
    end
    test -n "$head"; or echo auto
end
)fish";

/// Returns a word for fish, which knows two escapes in apostrophes.
std::string in_fish_apostrophes(std::string_view text) {
    std::string word = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') word += '\\';
        word += c;
    }
    return word + "'";
}

/// Returns what is offered as a value, and whether a file is one.
std::string arguments(const Argument& argument) {
    switch (offer_of(argument)) {
    case Offer::plugins:
        return " -r -F -a '(__pollux_plugins)'";
    case Offer::files:
        return " -r -F";
    case Offer::folders:
        return " -x -a '(__fish_complete_directories)'";
    case Offer::words:
        return " -x -a '(__fish_append , " + joined(needed_words(), " ") + ")'";
    case Offer::rules:
        return " -x -a " + in_fish_apostrophes(joined(rule_names(), " "));
    case Offer::formats:
        return " -x -a 'xml: json:'";
    case Offer::nothing:
        break;
    }
    return " -x";
}

std::string lines_of(const Command& command, const std::string& start) {
    std::string text;
    for (const auto& option : command.options) {
        text += start;
        for (const auto& name : option.names)
            text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
        if (!option.value.empty()) text += arguments(option);
        text += " -d " + in_fish_apostrophes(option.text) + "\n";
    }
    for (const auto& each : command.positionals) {
        if (offer_of(each) == Offer::plugins) text += start + " -F -a '(__pollux_plugins)'\n";
    }
    return text;
}

} // namespace

std::string fish_completion(const Command& program) {
    const auto start = "complete -c " + program.name;
    auto text = "# Completion of " + program.name + " for fish, made by the build of Pollux of what --help prints.";
    text += functions;
    text += start + " -f\n";
    if (program.commands.empty()) return text + lines_of(program, start);
    text += lines_of(program, start + " -n __fish_use_subcommand");
    for (const auto& each : program.commands) {
        text += start + " -n __fish_use_subcommand -a " + each.name + " -d " + in_fish_apostrophes(each.summary) + "\n";
        text += lines_of(each, start + " -n '__fish_seen_subcommand_from " + each.name + "'");
    }
    return text;
}

} // namespace pollux::tools::pages
