// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pollux::tools {

/// A HelpEntry is a line of --help: a variable, a status or an option, and its meaning.
struct HelpEntry {
    std::string_view name;
    std::string_view text;
};

/// A HelpSection is a part of --help and of the manual page that is made of the same source.
struct HelpSection {
    std::string_view heading;
    std::vector<HelpEntry> entries;
};

/// Appends words to a text whose last line has `column` characters, in lines of at most 98; further lines are indented.
inline void append_wrapped(std::string& text, std::string_view words, std::size_t column, std::size_t indentation) {
    constexpr std::size_t longest = 98;
    while (!words.empty()) {
        const auto word = words.substr(0, words.find(' '));
        words.remove_prefix(std::min(word.size() + 1, words.size()));
        if (column + word.size() > longest) {
            while (text.ends_with(' ')) text.pop_back();
            text.append("\n").append(indentation, ' ');
            column = indentation;
        }
        text.append(word).append(words.empty() ? "" : " ");
        column += word.size() + 1;
    }
}

/// Returns the entries for --help: indented, the meanings in a column of their own.
inline std::string text_of(const std::vector<HelpEntry>& entries) {
    std::size_t widest = 0;
    for (const auto& entry : entries) widest = std::max(widest, entry.name.size());
    const auto indentation = widest + 4;
    std::string text;
    for (const auto& entry : entries) {
        text.append("  ").append(entry.name).append(widest - entry.name.size() + 2, ' ');
        append_wrapped(text, entry.text, indentation, indentation);
        text.append("\n");
    }
    return text;
}

/// Returns sections for --help, with an empty line between them and no line feed at the end.
inline std::string text_of(const std::vector<HelpSection>& sections) {
    std::string text;
    for (const auto& section : sections) {
        if (!text.empty()) text.append("\n");
        text.append(section.heading).append(":\n").append(text_of(section.entries));
    }
    if (!text.empty()) text.pop_back();
    return text;
}

} // namespace pollux::tools
