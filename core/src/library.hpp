// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <filesystem>

namespace pollux {

/// Describes a plugin by its file, without loading it; `refusal` states why it cannot be loaded. If `privileged`, files
/// that others can write are refused.
FoundPlugin describe(const std::filesystem::path& file, bool privileged);

/// Loads a plugin and compares it with the interface and with its description; `refusal` states what was expected and
/// what was seen. If `privileged`, files that others can write are refused, and the file that is loaded is the one that
/// was checked.
FoundPlugin load(const std::filesystem::path& file, bool privileged);

/// Returns the folder of the core library, or of the program if the core is linked into it; empty if it is unknown.
std::filesystem::path folder_of_core();

} // namespace pollux
