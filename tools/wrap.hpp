// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pollux::tools {

/// Returns the number of characters of a text in UTF-8: the columns that it takes if none of them is a wide one.
std::size_t width_of(std::string_view text);

/// Breaks a text into lines of at most `width` characters: after a blank or a "/" if there is one in the second half of
/// a line. Without the blanks that end a line, the lines are the text. There is at least one line.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

} // namespace pollux::tools
