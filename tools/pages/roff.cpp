// SPDX-License-Identifier: BSL-1.0
#include "roff.hpp"

#include <algorithm>
#include <cstdio>

namespace pollux::tools::pages {
namespace {

constexpr std::size_t longest_line = 78; // mandoc(1) complains of more than 80 bytes

std::string in_capitals(std::string_view text) {
    std::string capitals(text);
    std::ranges::transform(capitals, capitals.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return capitals;
}

/// Reads a character that takes several bytes in UTF-8, and moves `at` to the last of these.
unsigned decoded(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(at);
    const unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    unsigned code = first & (0x3fU >> more);
    for (unsigned i = 0; i < more && at + 1 < text.size(); ++i) code = code << 6U | (byte(++at) & 0x3fU);
    return code;
}

/// Returns a line that is no request, in parts that roff joins if it is long.
std::string in_lines(std::string_view line) {
    std::string text;
    if (line.starts_with('.') || line.starts_with('\'')) text = "\\&";
    while (line.size() > longest_line) {
        const auto blank = line.substr(0, longest_line).rfind(' ');
        if (blank == line.npos || blank == 0) break;
        text.append(line.substr(0, blank)).append("\\\n");
        line.remove_prefix(blank);
    }
    return text.append(line).append("\n");
}

} // namespace

std::string in_roff(std::string_view text) {
    std::string roff;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        switch (c) {
        case '\\':
            roff += "\\e";
            break;
        case '-':
            roff += "\\-";
            break;
        case '\'':
            roff += "\\(aq";
            break;
        case '"':
            roff += "\\(dq";
            break;
        case '`':
            roff += "\\(ga";
            break;
        case '^':
            roff += "\\(ha";
            break;
        case '~':
            roff += "\\(ti";
            break;
        default:
            if (static_cast<unsigned char>(c) < 0x80) {
                roff += c;
                break;
            }
            char code[16];
            std::snprintf(code, sizeof code, "\\[u%04X]", decoded(text, at));
            roff += code;
        }
    }
    return roff;
}

std::string bold(std::string_view text) { return "\\fB" + in_roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + in_roff(text) + "\\fR"; }

Roff::Roff(std::string_view name, std::string_view section, std::string_view date, std::string_view version) {
    text_ = "'\\\" t\n.\\\" Made by the build of Pollux. Licence: BSL-1.0\n.TH " + in_capitals(name) + " " +
            std::string(section) + " " + std::string(date) + " \"Pollux " + std::string(version) + "\"\n";
}

void Roff::section(std::string_view heading) { request(".SH \"" + in_roff(in_capitals(heading)) + "\""); }
void Roff::subsection(std::string_view heading) { request(".SS \"" + in_roff(heading) + "\""); }
void Roff::paragraph() { request(".PP"); }
void Roff::line_break() { request(".br"); }

void Roff::item(const std::string& label) {
    request(".TP");
    text_ += in_lines(label);
}

void Roff::fill(std::string_view text) {
    std::string line;
    const auto flush = [&] {
        if (!line.empty()) text_ += in_lines(line);
        line.clear();
    };
    while (!text.empty()) {
        const auto word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (word.empty()) continue;
        if (line.size() + 1 + word.size() > longest_line) flush();
        line.append(line.empty() ? "" : " ").append(word);
    }
    flush();
}

void Roff::code(std::string_view lines) {
    request(".PP");
    request(".RS 4");
    request(".nf");
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        text_ += in_lines(in_roff(line));
    }
    request(".fi");
    request(".RE");
}

void Roff::request(std::string_view line) { text_.append(line).append("\n"); }

} // namespace pollux::tools::pages
