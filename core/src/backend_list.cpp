// SPDX-License-Identifier: BSL-1.0
#include "backend_list.hpp"

#include <algorithm>

namespace pollux {
namespace {

/// Returns what is wrong with an element of the list; empty if it is valid.
std::string validate(std::string_view element) {
    if (element.empty()) return "an element of the list is empty: expected names or files separated by commas";
    if (is_backend_file(element)) return {};
    const std::string seen = "\"" + std::string(element) + "\": ";
    if (element.find('+') != element.npos) return seen + "layers (\"+\") are not supported yet";
    if (element.find('?') != element.npos) return seen + "options (\"?\") are not supported yet";
    if (element == "auto") return seen + "stands for a whole list and cannot be part of one";
    if (!is_backend_name(element))
        return seen + "not a backend's name: expected lower-case letters, digits and \"_\", or a file with its path";
    return {};
}

} // namespace

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_backend_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

bool is_backend_file(std::string_view text) {
#ifdef _WIN32
    return text.find_first_of("/\\") != text.npos;
#else
    return text.find('/') != text.npos;
#endif
}

BackendList BackendList::parse(std::string_view value) {
    BackendList list;
    value = trim(value);
    if (value.empty() || value == "auto") return list;
    for (;;) {
        const auto comma = value.find(',');
        const auto element = trim(value.substr(0, comma));
        list.refusal = validate(element);
        if (!list.refusal.empty()) return list;
        list.elements.emplace_back(element);
        if (comma == value.npos) return list;
        value.remove_prefix(comma + 1);
    }
}

} // namespace pollux
