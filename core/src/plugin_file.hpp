// SPDX-License-Identifier: BSL-1.0
// Examines the file of a plugin before any code of it runs.
#pragma once

#include "file_system.hpp"

#include <pollux/plugin.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace pollux {

/// A DescribedPlugin is the description in a plugin's file: see PluginDescription in <pollux/plugin.hpp>.
struct DescribedPlugin {
    std::uint32_t interface_version = 0; // if it is not this program's, the rest is unknown
    PluginKind kind = {};
    int rank = 0;
    std::string abi = {};
    std::string name = {};
    std::string summary = {};
};

/// The PluginFacts are the result of examine().
struct PluginFacts {
    std::string refusal = {}; // why the system's loader must not load it: it would read beyond the file's end and crash
    std::optional<DescribedPlugin> described = {};
};

/// Reads the headers and the description of a plugin's file.
PluginFacts examine(const OpenFile& file);

} // namespace pollux
