// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "described.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pollux::tools::pages {

/// What a shell offers as a value.
enum class Offer {
    nothing,
    plugins, // names of installed plugins, files of others
    files,
    folders,
    words, // of a list, separated by commas
    rules,
    formats, // "xml:" or "json:", then a file
};

/// Returns what completes the value of an option or a positional argument.
Offer offer_of(const Argument& argument);

/// The names of all rules of the suite.
const std::vector<std::string>& rule_names();

/// Return the script that completes a program's arguments, for each shell. Names of plugins are those that
/// `pollux list --names` prints then; the `pollux` is in the folder of the program.
std::string bash_completion(const Command& program);
std::string zsh_completion(const Command& program);
std::string fish_completion(const Command& program);

/// Returns words with a separator between them.
std::string joined(const std::vector<std::string>& words, std::string_view separator);

/// Returns a word for any of the shells, in apostrophes.
std::string in_apostrophes(std::string_view text);

} // namespace pollux::tools::pages
