// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace pollux::tools {

/// A Terminal describes how text for people is to be formatted.
struct Terminal {
    std::size_t columns = 0; // the width of a line; 0: any
    bool has_colour = false;

    /// Returns that of the standard output. Its width is COLUMNS, if that is a number above 0, or that of the terminal.
    /// It has colour if it is a terminal, unless NO_COLOR is set and not empty, or TERM is "dumb".
    static Terminal of_output();
};

} // namespace pollux::tools
