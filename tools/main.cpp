// SPDX-License-Identifier: BSL-1.0
// The `pollux` command: its command line, and the calls of its subcommands.
//
// Exit status: 0 success, 1 failure, 2 invalid command line.
#include "conformance.hpp"
#include "demo/demo.hpp"
#include "explain.hpp"
#include "list.hpp"
#include "nearest.hpp"
#include "new/project.hpp"
#include "standard_streams.hpp"
#include "version.hpp"

#include <pollux/open.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace pollux::tools;

constexpr int failed = 1, misused = 2;
constexpr auto all_commands = "list, explain, conformance, demo, new or version";

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

struct ListOptions {
    bool as_markdown = false;
    bool of_plugins = false;
    bool as_json = false;
};

void add_list(CLI::App& app, int& status, ListOptions& options) {
    auto* command =
        app.add_subcommand("list", "Print the installed backends, their capabilities, and whether each is usable");
    auto* markdown = command->add_flag("--markdown", options.as_markdown,
                                       "Print only the capabilities, as a table for documentation");
    auto* plugin_options =
        command->add_flag("--options", options.of_plugins, "Print the options of all backends and layers");
    plugin_options->excludes(markdown);
    add_json(*command, options.as_json)->excludes(markdown)->excludes(plugin_options);
    command->callback([&] {
        status = options.as_markdown  ? list_as_markdown()
                 : options.of_plugins ? list_options()
                 : options.as_json    ? list_as_json()
                                      : list();
    });
}

void add_explain(CLI::App& app, int& status, ExplainOptions& options) {
    auto* command = app.add_subcommand("explain", "Print the backend that a program would get, and why");
    command->add_option("backend", options.backend, "In the syntax of POLLUX_BACKEND, which is the default")
        ->type_name("BACKEND");
    command
        ->add_option("--needs", options.needs,
                     "Capabilities that the program needs: of oneshot, level, edge, pipes, files, priority")
        ->type_name("WORD[,WORD]...");
    add_json(*command, options.as_json);
    command->callback([&status, &options] { status = explain(options); });
}

/// For --help only: GoogleTest parses the arguments of this subcommand, not CLI11.
void add_conformance(CLI::App& app) {
    app.add_subcommand("conformance", "Test backends, by name or file, by every rule; GoogleTest's flags may follow");
}

void add_demo(CLI::App& app, int& status, DemoOptions& options) {
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
    command->callback([&status, &options] { status = demo(options); });
}

struct NewOptions {
    std::string name, folder;
    bool over_callbacks = false;
};

void add_new(CLI::App& app, int& status, NewOptions& options) {
    auto* command =
        app.add_subcommand("new", "Create a project for a plugin of your own, which is conformant from the start");
    command->add_option("NAME", options.name, "Lower-case letters, digits and \"_\"")->required()->type_name("");
    command->add_option("--dir", options.folder, "The folder to create; by default NAME")->type_name("FOLDER");
    command->add_flag("--callback", options.over_callbacks, "Over an event library that calls back, such as libuv");
    command->callback(
        [&status, &options] { status = new_project(options.name, options.folder, options.over_callbacks); });
}

void add_version(CLI::App& app) {
    app.set_version_flag("--version", version_text, "The same as the command version");
    auto* command = app.add_subcommand("version", "Print the versions, and the folders in which plugins are searched");
    command->callback([] { fmt::print("{}\n", version_text()); });
}

std::vector<std::string> commands_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    return names;
}

/// Returns "; did you mean ...?" for each unknown option that is nearly a known one.
std::string questions_of(const CLI::App& app) {
    const auto commands = app.get_subcommands();
    const auto& command = commands.empty() ? app : *commands.front();
    std::vector<std::string> known;
    for (const auto* option : command.get_options()) {
        for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
    std::string questions;
    for (const auto& argument : app.remaining(true)) {
        if (argument.starts_with("-")) questions += question(argument.substr(0, argument.find('=')), known);
    }
    return questions;
}

constexpr auto environment_help =
    "Environment:\n"
    "  POLLUX_BACKEND      the backend: auto, or names and files separated by commas, tried in order;\n"
    "                      name?option=value sets an option, layer+name puts a layer around it\n"
    "  POLLUX_LAYERS       layers around whatever backend is chosen: layer+layer, the outermost first\n"
    "  POLLUX_PLUGIN_PATH  absolute folders, searched for plugins before those of the installation\n"
    "  COLUMNS             the width of tables; without it that of the terminal\n"
    "  NO_COLOR            not empty: no colour on a terminal\n\n"
    "Exit status: 0 success, 1 failure, 2 invalid command line";

int run(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "conformance") return conformance(argc - 1, argv + 1);

    CLI::App app("Pollux, an event queue whose backend is a plugin", "pollux");
    int status = 0;
    ExplainOptions explain_options;
    ListOptions list_options;
    DemoOptions options;
    NewOptions new_options;
    app.require_subcommand(0, 1);
    app.footer(environment_help);
    add_list(app, status, list_options);
    add_explain(app, status, explain_options);
    add_conformance(app);
    add_demo(app, status, options);
    add_new(app, status, new_options);
    add_version(app);
    // CLI11 would only report that it is unexpected.
    const auto commands = commands_of(app);
    if (argc > 1 && argv[1][0] != '-' && std::ranges::find(commands, argv[1]) == commands.end()) {
        fmt::print(stderr, "pollux: no command \"{}\": expected {}{}\n", pollux::escaped(argv[1]), all_commands,
                   question(argv[1], commands));
        return misused;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help, --version
        fmt::print(stderr, "pollux: {}{}\n  \"pollux --help\" prints more\n", pollux::escaped(error.what()),
                   questions_of(app));
        return misused;
    }
    if (app.get_subcommands().empty()) {
        fmt::print(stderr, "pollux: expected a command: {}\n", all_commands);
        return misused;
    }
    return status;
}

} // namespace

int main(int argc, char** argv) {
    occupy_standard_streams();
    int status = failed;
    try {
        status = run(argc, argv);
    } catch (const pollux::OpenError& error) {
        std::fprintf(stderr, "%s\n", error.what());
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "pollux: %s\n", pollux::escaped(error.what()).c_str());
        status = misused;
    } catch (const std::exception& error) {
        if (!output_failed()) std::fprintf(stderr, "pollux: %s\n", pollux::escaped(error.what()).c_str());
    }
    return finish_output("pollux", status);
}
