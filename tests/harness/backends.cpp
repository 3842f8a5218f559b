// SPDX-License-Identifier: BSL-1.0
// The only file with the names and the folder of the backends: their tests can be linked for other backends, too.
#include "backends.hpp"

#include <cstdlib>
#include <filesystem>

namespace pollux::harness {

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

std::string folder_of_plugins() {
    const char* const other = std::getenv("PLUGINS_OF_TESTS"); // NOLINT(concurrency-mt-unsafe): nothing changes it
    return std::filesystem::absolute(other ? other : PLUGINS).make_preferred().string();
}

} // namespace pollux::harness
