// SPDX-License-Identifier: BSL-1.0
#include "table.hpp"

#include <pollux/open.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pollux::tools {

std::string in_markdown(const std::string& text) {
    std::string cell;
    for (const char letter : text) {
        if (letter == '|') cell += '\\';
        cell += letter;
    }
    return cell;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
    for (const auto& column : columns_) widths_.push_back(column.heading.size());
}

void Table::add(std::vector<std::string> cells) {
    cells.resize(columns_.size());
    for (auto& cell : cells) cell = escaped(cell);
    for (std::size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], cells[i].size());
    rows_.push_back(std::move(cells));
}

std::string Table::text() const {
    std::string text = line_of(headings());
    for (const auto& row : rows_) text += line_of(row);
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

std::vector<std::string> Table::headings() const {
    std::vector<std::string> headings;
    for (const auto& column : columns_) headings.push_back(column.heading);
    return headings;
}

std::string Table::line_of(const std::vector<std::string>& cells) const {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) line += "  ";
        line += columns_[i].align == Align::left ? fmt::format("{:<{}}", cells[i], widths_[i])
                                                 : fmt::format("{:>{}}", cells[i], widths_[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

} // namespace pollux::tools
