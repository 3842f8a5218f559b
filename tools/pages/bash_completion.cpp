// SPDX-License-Identifier: BSL-1.0
#include "../command_line.hpp"
#include "completions.hpp"

namespace pollux::tools::pages {
namespace {

// @ stands for the name of the program's function. Works from bash 3.2 on, which has neither mapfile nor compopt.
constexpr std::string_view functions =
    R"bash(# Completion of @PROGRAM for bash, made by the build of Pollux of what --help prints.
@_reply() { # [option of compgen]...: what compgen prints for the word, after $prefix, becomes the reply
    local line
    COMPREPLY=()
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -P "$prefix" "$@" -- "$word")
}
@_nospace() { compopt -o nospace 2>/dev/null; }
@_files() { # -f, or -d for folders
    [ -n "$prefix" ] || compopt -o filenames 2>/dev/null
    @_reply "$1"
}
@_words() { # WORDS: separated by commas
    prefix+=${word%"${word##*,}"}
    word=${word##*,}
    @_reply -W "$1"
    @_nospace
}
@_plugins() { # after the last "," or "+", which separate plugins in POLLUX_BACKEND
    local pollux=${COMP_WORDS[0]%pollux*}pollux names
    if [[ $word == */* || $word == [.~]* ]]; then @_files -f; return; fi
    names=$("$pollux" list --names 2>/dev/null)
    [[ $word == *[,+]* ]] || names+=" auto"
    prefix+=${word%"${word##*[,+]}"}
    word=${word##*[,+]}
    @_reply -W "$names"
}
)bash";

// Before the cases. bash separates words at "=" and ":", unless COMP_WORDBREAKS was changed.
constexpr std::string_view beginning = R"bash(@() {
    local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} prefix='' command='' i
    COMPREPLY=()
    if [[ $word == --*=* ]]; then
        option=${word%%=*} prefix=${word%%=*}= word=${word#*=}
    elif [[ $word == = ]]; then
        word=''
    elif [[ $word == : ]]; then
        option=: word=''
    elif [[ $option == = ]] && [ "$COMP_CWORD" -ge 2 ]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi
)bash";

std::string with_name(std::string_view text, const std::string& program, const std::string& function) {
    std::string filled;
    for (auto at = text.find('@'); at != text.npos; at = text.find('@')) {
        filled.append(text.substr(0, at));
        text.remove_prefix(at + 1);
        if (filled.ends_with('$')) { // "$@", all arguments
            filled += '@';
            continue;
        }
        const bool is_program = text.starts_with("PROGRAM");
        filled += is_program ? program : function;
        if (is_program) text.remove_prefix(7);
    }
    return filled.append(text);
}

std::string call(const Argument& argument) {
    switch (offer_of(argument)) {
    case Offer::plugins:
        return "@_plugins";
    case Offer::files:
        return "@_files -f";
    case Offer::folders:
        return "@_files -d";
    case Offer::words:
        return "@_words " + in_apostrophes(joined(needed_words(), " "));
    case Offer::rules:
        return "@_reply -W \"$rules\"";
    case Offer::formats:
        return "@_reply -W 'xml: json:'; @_nospace";
    case Offer::nothing:
        break;
    }
    return ":";
}

std::string option_cases(const Command& command, const std::string& name) {
    std::string text;
    for (const auto& option : command.options) {
        if (option.value.empty()) continue;
        text += "    " + in_apostrophes(name + " " + option.names.back()) + ") " + call(option) + "; return ;;\n";
    }
    return text;
}

/// Returns a case of the command, for words that begin with "-", and one for others.
std::string command_case(const Command& command, const std::string& name) {
    std::vector<std::string> names;
    for (const auto& option : command.options) {
        for (const auto& each : option.names) names.push_back(each + (option.is_joined ? "=" : ""));
    }
    std::string others = ":";
    std::vector<std::string> commands;
    for (const auto& each : command.commands) commands.push_back(each.name);
    if (!commands.empty()) {
        others = "@_reply -W " + in_apostrophes(joined(commands, " "));
    } else if (!command.positionals.empty()) {
        others = call(command.positionals.front());
    }
    return "    " + in_apostrophes(name) + ") if [[ $word == -* ]]; then @_reply -W " +
           in_apostrophes(joined(names, " ")) + "; else " + others + "; fi ;;\n";
}

} // namespace

std::string bash_completion(const Command& program) {
    std::string function = "_" + program.name;
    for (auto& c : function) c = c == '-' ? '_' : c;
    auto text = std::string(functions) + std::string(beginning);
    if (!program.commands.empty()) {
        std::vector<std::string> names;
        for (const auto& each : program.commands) names.push_back(each.name);
        text += "    for ((i = 1; i < COMP_CWORD; ++i)); do\n"
                "        case ${COMP_WORDS[i]} in " +
                joined(names, " | ") +
                ") command=${COMP_WORDS[i]}; break ;; esac\n"
                "    done\n";
    }
    text += "    local rules=" + in_apostrophes(joined(rule_names(), " ")) + "\n";
    text += "    case \"$command $option\" in\n" + option_cases(program, "");
    for (const auto& each : program.commands) text += option_cases(each, each.name);
    text += "    *' :') @_files -f; return ;;\n    esac\n    case $command in\n" + command_case(program, "");
    for (const auto& each : program.commands) text += command_case(each, each.name);
    text += "    esac\n    [[ ${COMPREPLY[0]-} != *= ]] || @_nospace\n}\ncomplete -F @ " + program.name + "\n";
    return with_name(text, program.name, function);
}

} // namespace pollux::tools::pages
