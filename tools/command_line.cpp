// SPDX-License-Identifier: BSL-1.0
#include "command_line.hpp"

#include <pollux/open.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <system_error>
#include <utility>

namespace pollux::tools {
namespace {

/// A check for a whole number in a range. CLI11's own check does not name the range if the text is not a number.
CLI::Validator whole_number(int least, int most) {
    const auto check = [least, most](const std::string& text) -> std::string {
        int number = 0;
        const char* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, number);
        if (error == std::errc() && stop == end && number >= least && number <= most) return {};
        return fmt::format("expected a whole number from {} to {}, seen \"{}\"", least, most, pollux::escaped(text));
    };
    return {check, fmt::format("{} to {}", least, most)};
}

CLI::Option* add_json(CLI::App& command, bool& as_json) {
    return command.add_flag("--json", as_json, "Print JSON, of which the documentation has the schema");
}

void add_list(CLI::App& app, ListOptions& options) {
    auto* command =
        app.add_subcommand("list", "Print the installed backends, their capabilities, and whether each is usable");
    auto* markdown = command->add_flag("--markdown", options.as_markdown,
                                       "Print only the capabilities, as a table for documentation");
    auto* plugin_options =
        command->add_flag("--options", options.of_plugins, "Print the options of all backends and layers");
    plugin_options->excludes(markdown);
    auto* names = command->add_flag("--names", options.names_only,
                                    "Print only the names of the installed backends and layers, and load none");
    names->excludes(markdown)->excludes(plugin_options);
    add_json(*command, options.as_json)->excludes(markdown)->excludes(plugin_options)->excludes(names);
}

void add_explain(CLI::App& app, ExplainOptions& options) {
    auto* command = app.add_subcommand("explain", "Print the backend that a program would get, and why");
    command->add_option("backend", options.backend, "In the syntax of POLLUX_BACKEND, which is the default")
        ->type_name("BACKEND");
    command
        ->add_option("--needs", options.needs,
                     fmt::format("Capabilities that the program needs: of {}", fmt::join(needed_words(), ", ")))
        ->type_name("WORD[,WORD]...");
    add_json(*command, options.as_json);
}

/// For --help only: GoogleTest parses the arguments of this subcommand, not CLI11.
void add_conformance(CLI::App& app) {
    app.add_subcommand("conformance", "Test backends, by name or file, by every rule; GoogleTest's flags may follow");
}

void add_demo(CLI::App& app, DemoOptions& options) {
    auto* command =
        app.add_subcommand("demo", "Measure an echo server with TCP clients on loopback, and check every byte");
    command->add_option("--connections", options.connections, "Number of clients")
        ->check(whole_number(1, 20000))
        ->type_name("COUNT")
        ->capture_default_str();
    command->add_option("--seconds", options.seconds, "Duration for each backend")
        ->check(whole_number(1, 86400))
        ->type_name("COUNT")
        ->capture_default_str();
    auto* backend = command->add_option("--backend", options.backend, "The backend, in the syntax of POLLUX_BACKEND");
    backend->type_name("BACKEND");
    command->add_flag("--all", options.all, "Run on every usable backend in turn, and ignore POLLUX_BACKEND")
        ->excludes(backend);
    add_json(*command, options.as_json);
}

void add_new(CLI::App& app, NewOptions& options) {
    auto* command =
        app.add_subcommand("new", "Create a project for a plugin of your own, which is conformant from the start");
    command->add_option("NAME", options.name, "Lower-case letters, digits and \"_\"")->required()->type_name("");
    command->add_option("--dir", options.folder, "The folder to create; by default NAME")->type_name("FOLDER");
    command->add_flag("--callback", options.over_callbacks, "Over an event library that calls back, such as libuv");
}

} // namespace

CommandLine::CommandLine(std::function<std::string()> version)
    : app("Pollux, an event queue whose backend is a plugin", "pollux") {
    app.require_subcommand(0, 1);
    app.footer(text_of(help_sections()));
    add_list(app, list_options);
    add_explain(app, explain_options);
    add_conformance(app);
    add_demo(app, demo_options);
    add_new(app, new_options);
    app.set_version_flag("--version", std::move(version), "The same as the command version");
    app.add_subcommand("version", "Print the versions, and the folders in which plugins are searched");
}

const std::vector<HelpSection>& help_sections() {
    static const std::vector<HelpSection> sections = {
        {"Environment",
         {{"POLLUX_BACKEND", "the backend: auto, or names and files separated by commas, tried in order; "
                             "name?option=value sets an option, layer+name puts a layer around it"},
          {"POLLUX_LAYERS", "layers around whatever backend is chosen: layer+layer, the outermost first"},
          {"POLLUX_PLUGIN_PATH", "absolute folders, searched for plugins before those of the installation"},
          {"COLUMNS", "the width of tables; without it that of the terminal"},
          {"NO_COLOR", "not empty: no colour on a terminal"}}},
        {"Exit status", {{"0", "success"}, {"1", "failure"}, {"2", "invalid command line"}}}};
    return sections;
}

const std::vector<std::string>& needed_words() {
    static const std::vector<std::string> words = {"oneshot", "level", "edge", "pipes", "files", "priority"};
    return words;
}

} // namespace pollux::tools
