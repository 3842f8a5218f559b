// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "search.hpp"
#include "stack_list.hpp"

#include <pollux/open.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pollux {

/// Loads a plugin by its file; a relative path is taken from the current directory.
FoundPlugin load_file(const std::filesystem::path& file, bool privileged);

/// The Candidates are the plugins that a request may name. They refer to the arguments.
class Candidates {
  public:
    Candidates(const std::vector<FoundPlugin>& linked, const SearchPath& path, const PluginFiles& files,
               bool privileged);

    /// Loads the plugin of a reference.
    FoundPlugin find(const PluginReference& reference) const;

  private:
    const std::vector<FoundPlugin>* linked_;
    const PluginFiles* files_;
    std::map<std::string_view, const std::filesystem::path*> by_name_;
    std::string folders_;
    bool privileged_;
};

} // namespace pollux
