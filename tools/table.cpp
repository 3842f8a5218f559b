// SPDX-License-Identifier: BSL-1.0
#include "table.hpp"

#include "wrap.hpp"

#include <pollux/open.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pollux::tools {
namespace {

constexpr std::size_t gap = 2;             // between columns
constexpr std::size_t least_readable = 20; // cells are not narrowed below this before columns are moved

/// Returns the escape sequence that begins the colour of a cell; empty if it has none.
std::string_view colour_of(std::string_view cell) {
    constexpr std::string_view red = "\x1b[31m", green = "\x1b[32m", yellow = "\x1b[33m";
    if (cell == "yes" || cell == "native") return green;
    if (cell == "no" || cell == "unsupported") return red;
    return cell == "emulated" ? yellow : "";
}

} // namespace

std::string in_markdown(const std::string& text) {
    std::string cell;
    for (const char letter : text) {
        if (letter == '|') cell += '\\';
        cell += letter;
    }
    return cell;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
    for (const auto& column : columns_) widths_.push_back(width_of(column.heading));
}

void Table::add(std::vector<std::string> cells) {
    cells.resize(columns_.size());
    for (auto& cell : cells) cell = escaped(cell);
    for (std::size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], width_of(cells[i]));
    rows_.push_back(std::move(cells));
}

std::string Table::text(const Terminal& terminal) const {
    const auto widths = narrowed(terminal.columns);
    std::string text;
    for (const auto& group : groups_for(widths, terminal.columns)) {
        if (!text.empty()) text += '\n';
        text += row_text(headings(), group, widths, terminal, true);
        for (const auto& row : rows_) text += row_text(row, group, widths, terminal, false);
    }
    return text;
}

std::string Table::markdown() const {
    std::string text = fmt::format("| {} |\n|", fmt::join(headings(), " | "));
    for (const auto& column : columns_) text += column.align == Align::left ? "---|" : "--:|";
    text += '\n';
    for (const auto& row : rows_) {
        std::vector<std::string> cells;
        cells.reserve(row.size());
        for (const auto& cell : row) cells.push_back(in_markdown(cell));
        text += fmt::format("| {} |\n", fmt::join(cells, " | "));
    }
    return text;
}

Table::Widths Table::narrowed(std::size_t columns) const {
    auto widths = widths_;
    if (columns == 0) return widths;
    auto all = gap * (widths.size() - 1);
    for (const auto width : widths) all += width;
    while (all > columns) {
        const auto widest = std::ranges::max_element(widths);
        if (*widest <= least_readable) break;
        --*widest;
        --all;
    }
    // Each column has to fit beside the first one.
    const auto half = columns > gap + 1 ? (columns - gap) / 2 : 1;
    widths[0] = std::min(widths[0], half);
    for (std::size_t i = 1; i < widths.size(); ++i)
        widths[i] = std::min(widths[i], std::max<std::size_t>(columns, widths[0] + gap + 1) - widths[0] - gap);
    return widths;
}

std::vector<std::vector<std::size_t>> Table::groups_for(const Widths& widths, std::size_t columns) const {
    std::vector<std::vector<std::size_t>> groups{{0}};
    auto used = widths[0];
    for (std::size_t i = 1; i < widths.size(); ++i) {
        if (columns != 0 && used + gap + widths[i] > columns && groups.back().size() > 1) {
            groups.push_back({0});
            used = widths[0];
        }
        groups.back().push_back(i);
        used += gap + widths[i];
    }
    return groups;
}

std::vector<std::string> Table::headings() const {
    std::vector<std::string> headings;
    for (const auto& column : columns_) headings.push_back(column.heading);
    return headings;
}

std::string Table::row_text(const std::vector<std::string>& cells, const std::vector<std::size_t>& group,
                            const Widths& widths, const Terminal& terminal, bool is_heading) const {
    std::vector<std::vector<std::string>> parts;
    std::size_t lines = 1;
    for (const auto i : group) {
        parts.push_back(wrapped(cells[i], widths[i]));
        lines = std::max(lines, parts.back().size());
    }
    std::string text;
    for (std::size_t line = 0; line < lines; ++line) {
        std::size_t blanks = 0; // before the next part: none is printed at the end of a line
        for (std::size_t at = 0; at < group.size(); ++at) {
            const auto i = group[at];
            const auto part = line < parts[at].size() ? parts[at][line] : std::string();
            const auto padding = widths[i] - std::min(widths[i], width_of(part));
            const bool is_left = columns_[i].align == Align::left;
            const auto colour = !terminal.has_colour ? "" : is_heading ? "\x1b[1m" : colour_of(cells[i]);
            if (!is_left) blanks += padding;
            if (!part.empty()) {
                text += std::string(blanks, ' ') + std::string(colour) + part + (colour.empty() ? "" : "\x1b[0m");
                blanks = 0;
            }
            blanks += (is_left ? padding : 0) + gap;
        }
        text += '\n';
    }
    return text;
}

} // namespace pollux::tools
