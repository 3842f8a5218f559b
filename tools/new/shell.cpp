// SPDX-License-Identifier: BSL-1.0
#include "new/shell.hpp"

#include <pollux/open.hpp>

#include <fmt/format.h>

#include <string_view>

namespace pollux::tools {
namespace {

constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";

} // namespace

#ifdef _WIN32

std::string shell_word(const std::string& word) {
    const auto text = escaped(word); // names of files have no '"'
    const bool is_plain = !text.empty() && text.find_first_not_of(std::string(plain) + "\\") == text.npos;
    return is_plain ? text : '"' + text + '"';
}

#else

std::string shell_word(const std::string& word) {
    if (!word.empty() && word.find_first_not_of(plain) == word.npos) return word;
    std::string text;
    if (escaped(word) == word) {
        for (const char letter : word) text += letter == '\'' ? "'\\''" : std::string(1, letter);
        return "'" + text + "'";
    }
    for (const char letter : word)
        text += plain.find(letter) == plain.npos ? fmt::format("\\{:03o}", static_cast<unsigned char>(letter))
                                                 : std::string(1, letter);
    return "$'" + text + "'";
}

#endif

} // namespace pollux::tools
