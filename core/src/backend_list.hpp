// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pollux {

/// The value of POLLUX_BACKEND, parsed.
struct BackendList {
    std::vector<std::string> elements; // names and files, in order; none = auto
    std::string refusal;               // what is wrong with the value; empty if nothing is

    static BackendList parse(std::string_view value);
};

/// The text without the spaces and tabs around it.
std::string_view trim(std::string_view text);

/// Whether the text is a backend's name: [a-z0-9_]+.
bool is_backend_name(std::string_view text);

/// Whether an element of the list is a file rather than a name: it has a path separator.
bool is_backend_file(std::string_view text);

} // namespace pollux
