// SPDX-License-Identifier: BSL-1.0
// The only file that is told which backends and where: tests that go over them can be linked for others, too.
#include "backends.hpp"

#include <filesystem>

namespace pollux::core_tests {

std::vector<std::string> backends() {
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

std::string folder_of_plugins() { return std::filesystem::absolute(PLUGINS).make_preferred().string(); }

} // namespace pollux::core_tests
