// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pollux::tools {

/// Returns the edit distance of two words: how many characters have to be added, removed or replaced.
inline std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

/// Returns the known word that is nearest to an unknown one, the first of several; empty if more than two characters
/// differ, or all of them.
inline std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    constexpr std::size_t longest = 256; // the time is quadratic, and nothing known is as long
    std::size_t least = std::min<std::size_t>(3, word.size());
    std::string found;
    if (word.size() > longest) return found;
    for (const auto& each : known) {
        const auto differs = distance(word, each);
        if (differs >= least || differs >= each.size()) continue;
        least = differs;
        found = each;
    }
    return found;
}

/// Returns nearest() as a question to append to a message: "; did you mean \"list\"?"; empty if none is near.
inline std::string question(std::string_view word, const std::vector<std::string>& known) {
    const auto found = nearest(word, known);
    return found.empty() ? found : "; did you mean \"" + found + "\"?";
}

} // namespace pollux::tools
