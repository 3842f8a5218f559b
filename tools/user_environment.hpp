// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>
#include <string_view>

namespace pollux::tools {

/// Returns a variable of the environment; empty if it is not set. Threads: none may change the environment meanwhile.
inline std::string_view variable(const char* name) {
    const char* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): as documented
    return value ? value : "";
}

/// Returns whether the user forbids colour: NO_COLOR is set and not empty (no-color.org).
inline bool forbids_colour() { return !variable("NO_COLOR").empty(); }

/// Returns whether TERM is that of a terminal that interprets no escape sequences.
inline bool is_dumb() { return variable("TERM") == "dumb"; }

} // namespace pollux::tools
