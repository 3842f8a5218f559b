// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <filesystem>

namespace pollux {

/// Loads a plugin and holds it to the interface; `refusal` says what was expected and what was seen.
/// `privileged`: also refuses what others can write.
Backend load(const std::filesystem::path& file, bool privileged);

/// The folder of the core library, or of the program where the core is linked in; empty if it cannot be told.
std::filesystem::path folder_of_core();

} // namespace pollux
