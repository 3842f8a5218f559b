// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace pollux {

inline constexpr std::size_t most_folders = 16; // in one message

/// Returns at most `most` items in one line, escaped(), and then how many more there are.
std::string joined(const auto& items, std::size_t most) {
    std::string line;
    std::size_t count = 0;
    for (const auto& item : items) {
        if (++count > most) return line + " and " + std::to_string(items.size() - most) + " more";
        line += (line.empty() ? "" : ", ") + escaped(std::filesystem::path(item).string());
    }
    return line;
}

/// Returns a backend and the layers around it as in POLLUX_BACKEND, with the options that were given.
std::string stack_text(const std::vector<FoundPlugin>& layers, const FoundPlugin& backend);

} // namespace pollux
