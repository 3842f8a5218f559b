// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "environment.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace pollux {

/// A PluginFile is a file that has the name of a plugin.
struct PluginFile {
    std::string name;           // the plugin's, from the file's name
    std::filesystem::path path; // absolute
};

/// The PluginFiles are the result of one search.
struct PluginFiles {
    std::vector<PluginFile> all;               // folders in order, names sorted in each
    std::vector<std::filesystem::path> unread; // folders that exist and cannot be listed
    std::vector<std::string> notes;            // why
};

/// A SearchPath holds the folders in which plugins are searched: absolute, in order, each once; and what was ignored.
struct SearchPath {
    std::vector<std::filesystem::path> folders;
    std::vector<std::string> notes;

    static SearchPath of(const std::vector<std::filesystem::path>& requested, const Environment& environment);

    PluginFiles files() const;
};

/// Returns "libpollux-epoll.so" for "epoll".
std::string plugin_file_name(const std::string& plugin);

/// Returns "epoll" for ".../libpollux-epoll.so"; empty for a file that is not named like a plugin.
std::string plugin_of(const std::filesystem::path& file);

} // namespace pollux
