// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace pollux::tools {

using NamedCapability = std::pair<const char*, Capability Capabilities::*>;
inline constexpr std::array<NamedCapability, 11> named_capabilities{{
    {"oneshot", &Capabilities::oneshot},
    {"level", &Capabilities::level},
    {"edge", &Capabilities::edge},
    {"sockets", &Capabilities::sockets},
    {"pipes", &Capabilities::pipes},
    {"files", &Capabilities::files},
    {"priority", &Capabilities::priority},
    {"any_thread", &Capabilities::any_thread},
    {"any_number", &Capabilities::any_number},
    {"unchanged_sources", &Capabilities::unchanged_sources},
    {"closed_sources", &Capabilities::closed_sources},
}};
/// How many of them have a column in tables: what a backend rarely lacks is printed with its reason only.
inline constexpr std::size_t columns_of_capabilities = 7;

/// An Examined is the result of loading and opening a plugin's file. All text is escaped().
struct Examined {
    struct Ability {
        Support support = Support::unsupported;
        std::string reason = {};
    };

    std::string name = {};
    std::filesystem::path file = {};
    std::string obstacle = {}; // why it cannot be used; empty if it can
    bool is_layer = false;     // false, too, if that is not known
    bool is_loaded = false;    // then the following members are set
    std::string summary = {};
    int rank = 0;
    std::vector<OptionSetting> options = {};                       // with their defaults
    std::array<Ability, named_capabilities.size()> abilities = {}; // of a backend
    std::chrono::nanoseconds timeout_resolution = {};
};

/// Examines all plugins in the search folders, in the order of pollux::installed().
///
/// Each is loaded in a child process of its own, so that a plugin that crashes, ends the process or hangs (for longer
/// than 10 s) is reported and does no harm. On Windows they are loaded in this process.
std::vector<Examined> examine_installed();

} // namespace pollux::tools
