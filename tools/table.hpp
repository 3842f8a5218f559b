// SPDX-License-Identifier: BSL-1.0
#pragma once

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

    /// Returns the table; each line ends with a line feed.
    std::string text() const;
    /// Returns the table in Markdown. Its cells are not padded, so that a new row changes no other line.
    std::string markdown() const;

  private:
    std::vector<std::string> headings() const;
    std::string line_of(const std::vector<std::string>& cells) const;

    std::vector<Column> columns_;
    std::vector<std::size_t> widths_;
    std::vector<std::vector<std::string>> rows_;
};

} // namespace pollux::tools
