// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pollux {

/// A BackendList is the value of POLLUX_BACKEND, parsed.
struct BackendList {
    std::vector<std::string> elements; // names and files, in order; none = auto
    std::string refusal;               // what is wrong with the value; empty if it is valid

    static BackendList parse(std::string_view value);
};

/// Returns the text without the spaces and tabs around it.
std::string_view trim(std::string_view text);

/// Returns whether the text is a backend's name: [a-z0-9_]+.
bool is_backend_name(std::string_view text);

/// Returns whether an element of the list is a file rather than a name: it has a path separator.
bool is_backend_file(std::string_view text);

} // namespace pollux
