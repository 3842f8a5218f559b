// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace pollux::core_tests {

/// The backends that were built here.
inline std::vector<std::string> backends() {
    std::vector<std::string> all(1);
    for (const char c : std::string(BACKENDS)) {
        if (c == ',') {
            all.emplace_back();
        } else {
            all.back() += c;
        }
    }
    return all;
}

} // namespace pollux::core_tests
