// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <filesystem>

namespace pollux {

/// Says of a plugin what its file says of it, without loading it; `refusal` says why it could not be loaded.
/// `privileged`: also refuses what others can write.
Backend describe(const std::filesystem::path& file, bool privileged);

/// Loads a plugin and holds it to the interface and to its description; `refusal` says what was expected and what was
/// seen. `privileged`: also refuses what others can write, and loads exactly what was checked.
Backend load(const std::filesystem::path& file, bool privileged);

/// The folder of the core library, or of the program where the core is linked in; empty if it cannot be told.
std::filesystem::path folder_of_core();

} // namespace pollux
