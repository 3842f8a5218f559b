// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace pollux::tools::pages {

/// Returns text as roff prints it unchanged; it is UTF-8.
std::string in_roff(std::string_view text);
std::string bold(std::string_view text);
std::string italic(std::string_view text);

/// A Roff is a manual page, in the language of man(7), to which parts are appended.
class Roff {
  public:
    /// The page of that name and section, as "pollux" and "1".
    Roff(std::string_view name, std::string_view section, std::string_view date, std::string_view version);

    void section(std::string_view heading);    // in capitals
    void subsection(std::string_view heading); // of plain text, as the former
    void paragraph();
    void item(const std::string& label); // of roff; the text that follows is indented
    void line_break();
    /// Text in roff, which is filled.
    void fill(std::string_view text);
    /// Plain text, whose lines are kept.
    void code(std::string_view lines);
    /// A line that is a request.
    void request(std::string_view line);

    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

} // namespace pollux::tools::pages
