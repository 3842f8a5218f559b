// SPDX-License-Identifier: BSL-1.0
#include "manual.hpp"

#include "roff.hpp"

namespace pollux::tools::pages {
namespace {

std::string with_value(const Argument& option) {
    std::string text;
    for (const auto& name : option.names) {
        text += (text.empty() ? "" : ", ") + bold(name);
        if (!option.value.empty()) text += (option.is_joined ? "=" : " ") + italic(option.value);
    }
    return text;
}

bool is_help(const Argument& option) { return option.names.back() == "--help"; }

/// Returns the arguments in brackets, without the option --help.
std::string synopsis(const Command& command) {
    if (!command.synopsis.empty()) return in_roff(command.synopsis);
    std::string text;
    for (const auto& option : command.options) {
        if (!is_help(option)) text += " [" + with_value(option) + "]";
    }
    for (const auto& each : command.positionals) {
        const auto value = italic(each.value) + (each.is_repeated ? "..." : "");
        text += each.is_required ? " " + value : " [" + value + "]";
    }
    return text.empty() ? text : text.substr(1);
}

void list_arguments(Roff& page, const Command& command, bool with_help) {
    for (const auto& each : command.positionals) {
        if (each.text.empty()) continue;
        page.item(italic(each.value));
        page.fill(in_roff(each.text));
    }
    for (const auto& option : command.options) {
        if (is_help(option) && !with_help) continue;
        page.item(with_value(option));
        page.fill(in_roff(option.text));
    }
}

void describe_subcommand(Roff& page, const std::string& program, const Command& command) {
    page.subsection(program + " " + command.name);
    page.fill(bold(program + " " + command.name) + " " + synopsis(command));
    page.paragraph();
    page.fill(in_roff(command.summary));
    list_arguments(page, command, false);
}

} // namespace

std::string manual(const Command& command, const Edition& edition, const std::vector<std::string_view>& others) {
    Roff page(command.name, "1", edition.date, edition.version);
    page.section("Name");
    const auto sentence = command.summary.substr(0, command.summary.find(':'));
    page.fill(in_roff(command.name) + " \\- " + in_roff(sentence));
    page.section("Synopsis");
    page.fill(bold(command.name) + " " + synopsis(command));
    for (const auto& each : command.commands) {
        page.line_break();
        page.fill(bold(command.name + " " + each.name) + " " + synopsis(each));
    }
    page.section("Description");
    page.fill(in_roff(command.summary + (command.summary.ends_with('.') ? "" : ".")));
    if (!command.commands.empty()) page.section("Commands");
    for (const auto& each : command.commands) describe_subcommand(page, command.name, each);
    page.section("Options");
    list_arguments(page, command, true);
    for (const auto& each : command.sections) {
        page.section(each.heading);
        for (const auto& entry : each.entries) {
            page.item(bold(entry.name));
            page.fill(in_roff(entry.text));
        }
    }
    page.section("See also");
    std::string pages;
    for (const auto& other : others)
        pages += (pages.empty() ? "" : ", ") + bold(other.substr(0, other.find('('))) +
                 in_roff(other.substr(other.find('(')));
    page.fill(pages);
    page.paragraph();
    page.fill("The documentation is in " + italic(edition.documents) + ", below the prefix of the installation.");
    return page.text();
}

} // namespace pollux::tools::pages
