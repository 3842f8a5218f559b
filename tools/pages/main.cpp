// SPDX-License-Identifier: BSL-1.0
// pollux-pages FOLDER PAGE DATE DOCUMENTS: writes the manual pages and the completions of the commands into the folder,
// of the sources of --help, and pollux(7) of the page docs/environment.md. It runs while Pollux is built.
#include "completions.hpp"
#include "manual.hpp"

#include <pollux/version.hpp>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace pollux::tools::pages;

std::string read(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (text.empty()) throw std::runtime_error("cannot read " + file.string());
    return text;
}

void write(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream stream(file, std::ios::binary);
    stream << text;
    if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
}

void write_all(const std::filesystem::path& folder, const std::string& environment, const Edition& edition) {
    const auto add = [&](const Command& command, const std::vector<std::string_view>& others) {
        write(folder / "man/man1" / (command.name + ".1"), manual(command, edition, others));
        write(folder / "completions/bash" / command.name, bash_completion(command));
        write(folder / "completions/zsh" / ("_" + command.name), zsh_completion(command));
        write(folder / "completions/fish" / (command.name + ".fish"), fish_completion(command));
    };
    add(pollux_command(), {"pollux-conformance(1)", "pollux-model(1)", "pollux(7)"});
    add(suite_command(), {"pollux(1)", "pollux-model(1)", "pollux(7)"});
    add(model_command(), {"pollux(1)", "pollux-conformance(1)", "pollux(7)"});
    write(folder / "man/man7/pollux.7", environment_manual(environment, edition));
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 5) throw std::invalid_argument("expected FOLDER PAGE DATE DOCUMENTS");
        write_all(argv[1], read(argv[2]), {.date = argv[3], .version = POLLUX_VERSION_STRING, .documents = argv[4]});
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "pollux-pages: %s\n", error.what());
        return 1;
    }
}
