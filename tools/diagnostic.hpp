// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "nearest.hpp"

#include <pollux/open.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace pollux::tools {

/// Returns Choice::text(), and for each name of the request that is not installed the installed one that is nearest.
inline std::string diagnostic(const Choice& choice) {
    auto text = choice.text();
    auto known = choice.installed;
    known.emplace_back("auto");
    std::vector<std::string> asked; // once for each name
    const auto all = choice.requested_layers + "+" + choice.requested;
    for (std::string_view left = all; !left.empty();) {
        const auto end = std::min(left.find_first_of(",+"), left.size());
        auto name = left.substr(0, end);
        left.remove_prefix(std::min(end + 1, left.size()));
        name = name.substr(0, name.find('?'));
        name.remove_prefix(std::min(name.find_first_not_of(" \t"), name.size()));
        name = name.substr(0, name.find_last_not_of(" \t") + 1);
        const bool is_file = name.find_first_of("/\\") != name.npos;
        if (is_file || std::ranges::find(known, name) != known.end() || std::ranges::find(asked, name) != asked.end())
            continue;
        asked.emplace_back(name);
        if (const auto near = nearest(name, known); !near.empty())
            text += "\n  \"" + escaped(name) + "\" is unknown; did you mean \"" + near + "\"?";
    }
    return text;
}

} // namespace pollux::tools
