// SPDX-License-Identifier: BSL-1.0
// The `pollux` command: parses its command line, and calls its subcommands.
//
// Exit status: 0 success, 1 failure, 2 invalid command line.
#include "command_line.hpp"
#include "conformance.hpp"
#include "nearest.hpp"
#include "standard_streams.hpp"
#include "version.hpp"

#include <pollux/open.hpp>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
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

int run_command(const CommandLine& line) {
    const auto& app = line.app;
    if (app.got_subcommand("list")) return list(line.list_options);
    if (app.got_subcommand("explain")) return explain(line.explain_options);
    if (app.got_subcommand("demo")) return demo(line.demo_options);
    if (app.got_subcommand("new")) return new_project(line.new_options);
    fmt::print("{}\n", version_text());
    return 0;
}

int run(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "conformance") return conformance(argc - 1, argv + 1);

    CommandLine line(version_text);
    auto& app = line.app;
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
    return run_command(line);
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
