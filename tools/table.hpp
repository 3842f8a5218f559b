// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace pollux::tools {

enum class Align { left, right };

/// Text as Markdown shows it in a cell of a table: without an end of the cell in it.
std::string in_markdown(const std::string& text);

/// Rows of text in aligned columns, under a heading. Cells are escaped(), as what is in them may come from outside.
class Table {
  public:
    struct Column {
        std::string heading;
        Align align = Align::left;
    };

    explicit Table(std::vector<Column> columns);

    /// One cell for each column.
    void add(std::vector<std::string> cells);

    /// Each line with a line feed.
    std::string text() const;
    /// The same as a table of Markdown, its cells not padded: a new row changes no other line.
    std::string markdown() const;

  private:
    std::vector<std::string> headings() const;
    std::string line_of(const std::vector<std::string>& cells) const;

    std::vector<Column> columns_;
    std::vector<std::size_t> widths_;
    std::vector<std::vector<std::string>> rows_;
};

} // namespace pollux::tools
