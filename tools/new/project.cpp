// SPDX-License-Identifier: BSL-1.0
#include "new/project.hpp"

#include "new/own_prefix.hpp"
#include "new/shell.hpp"
#include "new/template.hpp"

#include <pollux/open.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

namespace pollux::tools {
namespace {

constexpr std::size_t longest_name = 64;

/// Returns what is wrong with a name; empty if it is valid.
std::string validate(std::string_view name) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
    constexpr std::array taken{"auto", "epoll", "poll_fallback", "io_uring", "asio", "kqueue", "iocp"};
    if (name.empty() || name.find_first_not_of(letters) != name.npos)
        return "expected lower-case letters, digits and \"_\"";
    if (name.size() > longest_name) return fmt::format("expected {} characters at most", longest_name);
    if (std::find(taken.begin(), taken.end(), name) != taken.end()) return "the name is taken by a backend of Pollux";
    return {};
}

std::string filled_in(std::string_view text, std::string_view name) {
    constexpr std::string_view blank = "@NAME@";
    std::string filled(text);
    for (auto at = filled.find(blank); at != filled.npos; at = filled.find(blank, at + name.size()))
        filled.replace(at, blank.size(), name);
    return filled;
}

void write(const std::filesystem::path& file, const std::string& text) {
    const auto check = [&file](bool is_done) {
        if (!is_done) throw std::system_error(errno, std::generic_category(), file.string());
    };
    const auto close = [](std::FILE* stream) { std::fclose(stream); };
    std::unique_ptr<std::FILE, decltype(close)> stream(std::fopen(file.string().c_str(), "wb"), close);
    check(stream != nullptr);
    check(std::fwrite(text.data(), 1, text.size(), stream.get()) == text.size());
    check(std::fclose(stream.release()) == 0); // flushes it
}

/// Returns the commands that build and test a project, for the Pollux that this program is of.
std::string steps(const std::filesystem::path& root) {
    auto place = root.string();
    if (place.starts_with("-")) place = "./" + place; // otherwise an option
    const auto build = shell_word((std::filesystem::path(place) / "build").string());
    const auto prefix = own_prefix();
    std::string text = fmt::format("  cmake -S {} -B {}", shell_word(place), build);
    if (!prefix.folder.empty() && !prefix.is_searched)
        text += " " + shell_word("-DCMAKE_PREFIX_PATH=" + prefix.folder.string());
    text += fmt::format("\n  cmake --build {} --target conformance\n", build);
    if (prefix.folder.empty())
        text +=
            "This pollux is not installed: install it, and add -DCMAKE_PREFIX_PATH=FOLDER to the first command, with "
            "the folder that it was installed to\n";
    return text;
}

} // namespace

int new_project(const NewOptions& options) {
    const auto& [name, folder, over_callbacks] = options;
    if (const auto fault = validate(name); !fault.empty()) {
        fmt::print(stderr, "pollux: \"{}\" cannot be the name of a plugin: {}\n", escaped(name), fault);
        return 2;
    }
    const auto& files = over_callbacks ? callback_project_template : project_template;
    const std::filesystem::path root = folder.empty() ? name : folder;
    std::error_code error;
    // The process that creates the folder owns it: no files of other programs can be in it.
    if (!std::filesystem::create_directory(root, error)) {
        fmt::print(stderr, "pollux: cannot make the folder \"{}\": {}\n", escaped(root.string()),
                   error ? error.message() : "it exists already");
        return 1;
    }
    try {
        for (const auto& file : files) write(root / filled_in(file.name, name), filled_in(file.text, name));
    } catch (const std::system_error& failure) {
        for (const auto& file : files) std::filesystem::remove(root / filled_in(file.name, name), error);
        std::filesystem::remove(root, error);
        fmt::print(stderr, "pollux: cannot write {}\n", escaped(failure.what()));
        return 1;
    }
    fmt::print("{}: a plugin that uses poll(2){}: CMakeLists.txt, {}.cpp, README.md\n{}", escaped(root.string()),
               over_callbacks ? ", behind callbacks" : "", name, steps(root));
    return 0;
}

} // namespace pollux::tools
