// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "terminal.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace pollux::tools {

enum class Align { left, right };

/// Escapes text for a cell of a Markdown table, so that it does not end the cell.
std::string in_markdown(const std::string& text);

/// A Table formats rows of text in aligned columns, with a heading. Cells are escaped(), since their text may come from
/// outside.
class Table {
  public:
    struct Column {
        std::string heading;
        Align align = Align::left;
    };

    explicit Table(std::vector<Column> columns);

    /// Adds a row: one cell for each column.
    void add(std::vector<std::string> cells);

    /// Returns the table; each line ends with a line feed. Where the terminal is too narrow, long cells are continued
    /// in further lines; if that is not enough, columns that have no room follow in tables below, with the first column
    /// again. With colour the headings are bold, and words of support and usability are coloured.
    std::string text(const Terminal& terminal = {}) const;
    /// Returns the table in Markdown. Its cells are not padded, so that a new row changes no other line.
    std::string markdown() const;

  private:
    using Widths = std::vector<std::size_t>; // of all columns

    /// Returns the columns of each table that is printed.
    std::vector<std::vector<std::size_t>> groups_for(const Widths& widths, std::size_t columns) const;
    Widths narrowed(std::size_t columns) const;
    std::string row_text(const std::vector<std::string>& cells, const std::vector<std::size_t>& group,
                         const Widths& widths, const Terminal& terminal, bool is_heading) const;
    std::vector<std::string> headings() const;

    std::vector<Column> columns_;
    Widths widths_; // of the widest cells, in characters
    std::vector<std::vector<std::string>> rows_;
};

} // namespace pollux::tools
