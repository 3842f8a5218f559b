// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace pollux::tools {

/// Quotes a word for the system's shell, if that is necessary. In a POSIX shell the word is then in quotes; one that
/// could not be printed unchanged is written with escape sequences, as $'\033'.
std::string shell_word(const std::string& word);

} // namespace pollux::tools
