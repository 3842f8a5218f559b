// SPDX-License-Identifier: BSL-1.0
#include "wrap.hpp"

#include <algorithm>

namespace pollux::tools {
namespace {

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80; }

/// Returns how many bytes the first `width` characters have.
std::size_t bytes_of(std::string_view text, std::size_t width) {
    std::size_t at = 0;
    for (std::size_t seen = 0; at < text.size(); ++at) {
        if (begins_character(text[at]) && seen++ == width) break;
    }
    return at;
}

} // namespace

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    width = std::max<std::size_t>(width, 1);
    while (width_of(text) > width) {
        auto end = bytes_of(text, width);
        // A blank that follows the line is a place, too.
        const auto place = text.substr(0, end + 1).find_last_of(" /");
        const auto after = place == text.npos ? 0 : std::min(text[place] == ' ' ? place : place + 1, end);
        if (after > end / 2) end = after;
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
        if (text.starts_with(' ')) text.remove_prefix(1);
    }
    lines.emplace_back(text);
    return lines;
}

} // namespace pollux::tools
