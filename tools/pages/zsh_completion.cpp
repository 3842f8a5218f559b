// SPDX-License-Identifier: BSL-1.0
#include "../command_line.hpp"
#include "completions.hpp"

namespace pollux::tools::pages {
namespace {

constexpr std::string_view functions = R"zsh(
# After the last "," or "+", which separate plugins in POLLUX_BACKEND.
_pollux_plugins() {
    local -a names
    names=(${(f)"$(${~pollux_program%pollux*}pollux list --names 2>/dev/null)"})
    compset -P '*[,+]' || names+=(auto)
    compadd "$@" -a names
}
_pollux_plugins_or_files() { _alternative 'plugins:plugin:_pollux_plugins' 'files:file:_files'; }
)zsh";

/// Returns a text for the brackets of _arguments.
std::string in_brackets(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string action(const Argument& argument) {
    switch (offer_of(argument)) {
    case Offer::plugins:
        return "_pollux_plugins_or_files";
    case Offer::files:
        return "_files";
    case Offer::folders:
        return "_files -/";
    case Offer::words:
        return "_sequence compadd - " + joined(needed_words(), " ");
    case Offer::rules:
        return "(" + joined(rule_names(), " ") + ")";
    case Offer::formats:
        return "_pollux_formats";
    case Offer::nothing:
        break;
    }
    return " ";
}

std::string specification(const Argument& argument) {
    const auto message = in_brackets(argument.value);
    if (argument.names.empty())
        return " " + in_apostrophes((argument.is_repeated ? "*:" : ":") + message + ":" + action(argument));
    std::string text;
    for (const auto& name : argument.names) {
        const bool is_long = name.starts_with("--");
        const auto separator = argument.value.empty() ? "" : argument.is_joined ? "=-" : is_long ? "=" : "";
        auto whole = name + separator + "[" + in_brackets(argument.text) + "]";
        if (!argument.value.empty()) whole += ":" + message + ":" + action(argument);
        text += " " + in_apostrophes(whole);
    }
    return text;
}

std::string specifications(const Command& command) {
    std::string text;
    for (const auto& option : command.options) text += specification(option);
    for (const auto& each : command.positionals) text += specification(each);
    return text;
}

} // namespace

std::string zsh_completion(const Command& program) {
    std::string text = "#compdef " + program.name + "\n# Made by the build of Pollux of what --help prints.\n";
    text += functions;
    text += "_pollux_formats() { if compset -P '*:'; then _files; else compadd -S '' -- xml: json:; fi }\n";
    text += "local curcontext=$curcontext state line pollux_program=$words[1]\nlocal -A opt_args\n";
    if (program.commands.empty()) return text + "_arguments" + specifications(program) + "\n";
    text += "_arguments -C" + specifications(program) + " ':command:->command' '*::argument:->argument'\n";
    text += "case $state in\ncommand)\n    local -a commands=(";
    for (const auto& each : program.commands)
        text += "\n        " + in_apostrophes(each.name + ":" + in_brackets(each.summary));
    text += ")\n    _describe command commands ;;\nargument)\n    case $line[1] in\n";
    for (const auto& each : program.commands)
        text += "    " + each.name + ") _arguments" + specifications(each) + " ;;\n";
    return text + "    esac ;;\nesac\n";
}

} // namespace pollux::tools::pages
