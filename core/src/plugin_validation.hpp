// SPDX-License-Identifier: BSL-1.0
// Compares a plugin with the interface, with the name of its file, and with the description in it.
#pragma once

#include "plugin_file.hpp"

#include <pollux/open.hpp>
#include <pollux/plugin.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace pollux {

/// The Head is what each plugin begins with, whichever face it has.
struct Head {
    std::uint32_t interface_version;
    std::uint32_t size;
    const char* abi;
};
static_assert(offsetof(Head, size) == offsetof(Plugin, size) && offsetof(Head, abi) == offsetof(Plugin, abi));

/// Returns the message on a plugin of another interface version.
std::string other_version(std::uint32_t version);

/// Returns what is wrong with a plugin, except for its version and its texts; empty if it is valid. Each member is read
/// only after those that guarantee it.
std::string validate(const Plugin& plugin);

/// Returns what is wrong with the texts of a plugin; empty if they are valid. `expected_name`: of its file; may be
/// empty.
std::string validate_texts(const Plugin& plugin, const std::string& expected_name);

/// Returns the difference between a plugin and the description in its file, which has `abi`; empty if there is none.
std::string difference_of(const Plugin& plugin, const FoundPlugin& described, const std::string& abi);

/// Returns what is wrong with the description in a file; empty if it is valid.
std::string validate(const DescribedPlugin& plugin, const std::string& expected_name);

} // namespace pollux
