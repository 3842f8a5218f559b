// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

namespace pollux::tools {

/// How many of the named_capabilities have a column in tables: what a backend rarely lacks is printed with its reason
/// only.
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
    std::vector<OptionSetting> options = {};                           // with their defaults
    std::array<Ability, std::size(named_capabilities)> abilities = {}; // of a backend
    std::chrono::nanoseconds timeout_resolution = {};
};

/// Returns "native", "emulated" or "unsupported".
const char* name_of(Support support) noexcept;

/// Examines all plugins in the search folders, in the order of pollux::installed().
///
/// Each is loaded in a child process of its own, so that a plugin that crashes, ends the process or hangs (for longer
/// than 10 s) is reported and does no harm. On Windows they are loaded in this process.
std::vector<Examined> examine_installed();

} // namespace pollux::tools
