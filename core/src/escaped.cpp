// SPDX-License-Identifier: BSL-1.0
#include <pollux/open.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace pollux {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

/// A Character is the UTF-8 character at the front of a text: its size in bytes, zero if there is none, and its code.
/// Neither overlong forms nor surrogates are characters (RFC 3629).
struct Character {
    std::size_t size = 0;
    char32_t code = 0;

    static Character at_front(std::string_view text) {
        constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
        const unsigned first = byte_at(text, 0);
        if (first < 0x80) return {1, first};
        const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        if (first < 0xc0 || first >= 0xf8 || text.size() < size) return {};
        char32_t code = first & (0x7fU >> size);
        for (std::size_t i = 1; i < size; ++i) {
            const unsigned next = byte_at(text, i);
            if ((next & 0xc0U) != 0x80) return {};
            code = code << 6 | (next & 0x3fU);
        }
        const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
        if (code < least[size] || code > 0x10ffff || is_surrogate) return {};
        return {size, code};
    }

    /// Returns whether a message may contain it unchanged: it neither controls a terminal, nor ends a line, nor turns
    /// the direction of the text around it.
    bool is_harmless() const {
        if (size == 0) return false;
        const bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);
        const bool ends_line = code == 0x2028 || code == 0x2029;
        const bool turns = code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
                           (code >= 0x2066 && code <= 0x2069);
        return !is_control && !ends_line && !turns;
    }
};

} // namespace

std::string escaped(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string plain;
    plain.reserve(text.size());
    while (!text.empty()) {
        const auto character = Character::at_front(text);
        const auto size = character.size == 0 ? 1 : character.size;
        const auto bytes = text.substr(0, size);
        text.remove_prefix(size);
        if (character.is_harmless()) {
            plain += bytes;
        } else if (bytes == "\n") {
            plain += "\\n";
        } else if (bytes == "\t") {
            plain += "\\t";
        } else if (bytes == "\r") {
            plain += "\\r";
        } else {
            for (std::size_t i = 0; i < bytes.size(); ++i) {
                plain += "\\x";
                plain += digits[byte_at(bytes, i) >> 4];
                plain += digits[byte_at(bytes, i) & 0xf];
            }
        }
    }
    return plain;
}

} // namespace pollux
