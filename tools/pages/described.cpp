// SPDX-License-Identifier: BSL-1.0
#include "described.hpp"

#include "../../tests/conformance/command_line.hpp"
#include "../../tests/conformance/model/command_line.hpp"
#include "../command_line.hpp"

#include <CLI/CLI.hpp>

#include <string_view>

namespace pollux::tools::pages {
namespace {

bool is_all(std::string_view text) { return text.empty() || text == "POSITIVE" || text.starts_with("INT in"); }

Argument described(const CLI::Option& option) {
    Argument argument{.is_required = option.get_required(), .text = option.get_description()};
    for (const auto& name : option.get_snames()) argument.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) argument.names.push_back("--" + name);
    // "COUNT:1 to 20000": the word, and what its check requires.
    const auto type = option.get_type_name();
    const auto colon = type.find(':');
    if (!option.nonpositional()) {
        argument.value = option.get_name(true);
    } else if (option.get_items_expected_max() > 0) {
        argument.value = type.substr(0, colon);
    }
    argument.is_repeated = option.get_expected_max() > 1;
    if (colon != type.npos && !is_all(type.substr(colon + 1))) argument.text += ", from " + type.substr(colon + 1);
    if (!option.get_default_str().empty()) argument.text += "; " + option.get_default_str() + " without it";
    return argument;
}

Argument described(const HelpEntry& entry) {
    const auto separator = entry.name.find_first_of("= ");
    Argument argument{.text = std::string(entry.text)};
    argument.names.emplace_back(entry.name.substr(0, separator));
    if (separator == entry.name.npos) return argument;
    argument.value = entry.name.substr(separator + 1);
    argument.is_joined = entry.name[separator] == '=';
    return argument;
}

} // namespace

Command described(const CLI::App& app) {
    Command command{.name = app.get_name(), .summary = app.get_description()};
    for (const auto* option : app.get_options())
        (option->nonpositional() ? command.options : command.positionals).push_back(described(*option));
    for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; }))
        command.commands.push_back(described(*sub));
    return command;
}

Command pollux_command() {
    const CommandLine line([] { return std::string(); });
    auto command = described(line.app);
    command.sections = help_sections();
    for (auto& each : command.commands) {
        if (each.name != "conformance") continue;
        auto suite = suite_command();
        suite.name = each.name;
        suite.summary = each.summary;
        each = suite;
    }
    return command;
}

Command suite_command() {
    Command command{.name = "pollux-conformance",
                    .synopsis = std::string(conformance::suite_synopsis),
                    .summary = std::string(conformance::suite_summary),
                    .sections = conformance::suite_sections()};
    for (const auto& entry : conformance::suite_options()) command.options.push_back(described(entry));
    command.positionals = {{.value = "backend", .is_required = true, .is_repeated = true}};
    return command;
}

Command model_command() {
    const conformance::model::CommandLine line;
    auto command = described(line.app);
    command.sections = conformance::model::help_sections();
    return command;
}

} // namespace pollux::tools::pages
