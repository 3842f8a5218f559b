// SPDX-License-Identifier: BSL-1.0
// What can be said of a plugin's file before anything of it runs.
#pragma once

#include "file_system.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace pollux {

/// What a file says of the plugin in it: see PluginDescription in <pollux/plugin.hpp>.
struct DescribedPlugin {
    std::uint32_t interface_version = 0; // if it is not this program's, nothing else is known
    bool is_backend = false;             // false: of a kind that this program does not know
    int rank = 0;
    std::string abi = {};
    std::string name = {};
    std::string summary = {};
};

/// A file, examined.
struct PluginFacts {
    std::string refusal = {}; // why the system's loader must not get it: it would read behind the file's end, and crash
    std::optional<DescribedPlugin> described = {};
};

PluginFacts examine(const OpenFile& file);

} // namespace pollux
