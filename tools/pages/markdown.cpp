// SPDX-License-Identifier: BSL-1.0
// The manual page that is made of a page in Markdown: of those parts of the language that docs/environment.md has.
#include "manual.hpp"
#include "roff.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace pollux::tools::pages {
namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        lines.push_back(text.substr(0, text.find('\n')));
        text.remove_prefix(std::min(lines.back().size() + 1, text.size()));
    }
    return lines;
}

/// Returns text of a paragraph in roff: code is bold, a link is its text.
std::string inline_roff(std::string_view text) {
    std::string roff;
    bool is_bold = false;
    while (!text.empty()) {
        if (text.starts_with("**")) {
            is_bold = !is_bold;
            roff += is_bold ? "\\fB" : "\\fR";
            text.remove_prefix(2);
        } else if (const auto end = text.find('`', 1); text.starts_with('`') && end != text.npos) {
            roff += bold(text.substr(1, end - 1)) + (is_bold ? "\\fB" : "");
            text.remove_prefix(end + 1);
        } else if (const auto middle = text.find("]("); text.starts_with('[') && middle != text.npos) {
            roff += inline_roff(text.substr(1, middle - 1));
            text.remove_prefix(std::min(text.find(')', middle), text.size() - 1) + 1);
        } else {
            // Up to the next that has a meaning; UTF-8 is not cut, since that is ASCII.
            const auto plain = std::min(text.find_first_of("*`[", 1), text.size());
            roff += in_roff(text.substr(0, plain));
            text.remove_prefix(plain);
        }
    }
    return roff;
}

/// Returns the text without the marks of code.
std::string plain(std::string_view text) {
    std::string copy(text);
    std::erase(copy, '`');
    return copy;
}

bool is_code(std::string_view line) { return line.starts_with("    "); }
bool is_row(std::string_view line) { return line.starts_with('|'); }
/// Returns how long the mark of an item of a list is: "- " or "1. "; 0: it is none.
std::size_t mark_of_item(std::string_view line) {
    if (line.starts_with("- ")) return 2;
    const auto digits = std::min(line.find_first_not_of("0123456789"), line.size());
    return digits > 0 && line.substr(digits).starts_with(". ") ? digits + 2 : 0;
}

std::vector<std::string> cells_of(std::string_view row) {
    std::vector<std::string> cells;
    std::string cell;
    bool is_in_code = false;
    for (const char c : row.substr(1)) {
        is_in_code ^= c == '`';
        if (c != '|' || is_in_code) {
            cell += c;
            continue;
        }
        const auto begin = std::min(cell.find_first_not_of(' '), cell.size());
        cells.push_back(cell.substr(begin, cell.find_last_not_of(' ') + 1 - begin));
        cell.clear();
    }
    return cells;
}

/// A table of two columns is a list; so is one that is wide, with the headings; another is a table for tbl(1).
void add_table(Roff& page, const Lines& rows) {
    const auto headings = cells_of(rows.front());
    std::size_t widest = 0;
    for (const auto row : rows) widest = std::max(widest, row.size());
    if (headings.size() > 2 && widest < 76) {
        page.request(".TS");
        std::string format;
        for (std::size_t i = 0; i < headings.size(); ++i) format += i == 0 ? "l" : " l";
        page.request(format + ".");
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (i == 1) continue; // the line between
            std::string line;
            for (const auto& cell : cells_of(rows[i])) line += (line.empty() ? "" : "\t") + inline_roff(cell);
            page.request(line);
        }
        page.request(".TE");
        return;
    }
    for (std::size_t i = 2; i < rows.size(); ++i) {
        const auto cells = cells_of(rows[i]);
        page.item(headings.size() > 2 ? inline_roff(headings[0]) + " " + inline_roff(cells[0]) : inline_roff(cells[0]));
        bool is_first = true;
        for (std::size_t j = 1; j < cells.size(); ++j) {
            if (cells[j].empty()) continue;
            if (!is_first) page.line_break();
            is_first = false;
            page.fill((cells.size() > 2 ? inline_roff(headings[j]) + ": " : "") + inline_roff(cells[j]));
        }
    }
}

/// Returns the lines from `at` on for which `belongs` holds, and moves `at` behind them.
template <typename Predicate>
Lines take(const Lines& lines, std::size_t& at, Predicate belongs) {
    const auto begin = at;
    while (at < lines.size() && belongs(lines[at])) ++at;
    return {lines.begin() + static_cast<std::ptrdiff_t>(begin), lines.begin() + static_cast<std::ptrdiff_t>(at)};
}

std::string joined(const Lines& lines, std::string_view separator, std::size_t without) {
    std::string text;
    for (const auto line : lines)
        text.append(text.empty() ? "" : separator).append(line.substr(std::min(without, line.size())));
    return text;
}

void add_code(Roff& page, const Lines& lines, std::size_t& at) {
    auto code = take(lines, at, [](auto line) { return is_code(line) || line.empty(); });
    while (code.back().empty()) code.pop_back();
    page.code(joined(code, "\n", 4));
}

void add_text(Roff& page, const Lines& lines, std::size_t& at, bool is_first) {
    const auto mark = mark_of_item(lines[at]);
    if (mark > 0) {
        page.request(".IP " + (mark == 2 ? std::string("\\(bu 2") : std::string(lines[at].substr(0, mark - 1)) + " 4"));
    } else if (!is_first) {
        page.paragraph();
    }
    auto text = std::string(lines[at++].substr(mark));
    const auto rest =
        take(lines, at, [](auto line) { return !line.empty() && !is_row(line) && mark_of_item(line) == 0; });
    for (const auto line : rest)
        text.append(" ").append(line.substr(std::min(line.find_first_not_of(' '), line.size())));
    page.fill(inline_roff(text));
}

} // namespace

std::string environment_manual(std::string_view markdown, const Edition& edition) {
    const auto lines = lines_of(markdown);
    if (lines.empty() || !lines.front().starts_with("# ")) throw std::invalid_argument("expected a page with a title");
    Roff page("pollux", "7", edition.date, edition.version);
    page.section("Name");
    page.fill("pollux \\- " + in_roff(lines.front().substr(2)));
    page.section("Description");
    bool is_first = true; // after a heading
    for (std::size_t at = 1; at < lines.size();) {
        const auto line = lines[at];
        if (line.empty()) {
            ++at;
            continue;
        }
        if (line.starts_with("#")) {
            line.starts_with("## ") ? page.section(plain(line.substr(3))) : page.subsection(plain(line.substr(4)));
            ++at;
            is_first = true;
            continue;
        }
        if (is_row(line)) {
            add_table(page, take(lines, at, is_row));
        } else if (is_code(line)) {
            add_code(page, lines, at);
        } else {
            add_text(page, lines, at, is_first);
        }
        is_first = false;
    }
    page.section("See also");
    page.fill(bold("pollux") + "(1), " + bold("pollux-conformance") + "(1)");
    page.paragraph();
    page.fill("The pages that this one names are in " + italic(edition.documents + "/docs") +
              ", below the prefix of the installation.");
    return page.text();
}

} // namespace pollux::tools::pages
