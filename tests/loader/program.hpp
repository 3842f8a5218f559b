// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "loader_test.hpp"

#include <array>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace pollux::loader_tests {

/// The user who runs a program; by default the user of the test.
struct User {
    uid_t user;
    gid_t group;
};

/// Runs a program with its arguments, of which the first is its name; returns its output.
inline std::string output_of(const fs::path& program, std::vector<std::string> arguments,
                             const std::optional<User>& by = std::nullopt) {
    std::vector<char*> words;
    for (auto& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    std::array<int, 2> ends{};
    if (pipe(ends.data()) == -1) return "pipe failed";
    const pid_t child = fork();
    if (child == 0) {
        const bool is_ready = dup2(ends[1], STDOUT_FILENO) != -1 && (!by || (!setgid(by->group) && !setuid(by->user)));
        if (is_ready) execv(program.c_str(), words.data());
        _exit(127);
    }
    close(ends[1]);
    std::string output = child == -1 ? "fork failed" : "";
    std::array<char, 4096> part;
    for (ssize_t size; (size = read(ends[0], part.data(), part.size())) > 0;) {
        output.append(part.data(), static_cast<std::size_t>(size));
    }
    close(ends[0]);
    if (child != -1) waitpid(child, nullptr, 0);
    return output;
}

} // namespace pollux::loader_tests
