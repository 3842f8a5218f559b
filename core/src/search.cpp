// SPDX-License-Identifier: BSL-1.0
#include "search.hpp"

#include "file_system.hpp"
#include "library.hpp"
#include "stack_list.hpp"

#include <algorithm>
#include <new>
#include <string_view>
#include <system_error>
#include <unordered_set>

namespace pollux {
namespace {

namespace fs = std::filesystem;

#if defined(_WIN32)
constexpr std::string_view file_prefix = "pollux-", file_suffix = ".dll";
constexpr char path_list_separator = ';';
#elif defined(__APPLE__)
constexpr std::string_view file_prefix = "libpollux-", file_suffix = ".dylib";
constexpr char path_list_separator = ':';
#else
constexpr std::string_view file_prefix = "libpollux-", file_suffix = ".so";
constexpr char path_list_separator = ':';
#endif

} // namespace

std::string plugin_file_name(const std::string& plugin) {
    return std::string(file_prefix) + plugin + std::string(file_suffix);
}

std::string plugin_of(const fs::path& file) {
    const std::string name = file.filename().string();
    std::string_view rest = name;
    if (!rest.starts_with(file_prefix) || !rest.ends_with(file_suffix)) return {};
    if (rest.size() <= file_prefix.size() + file_suffix.size()) return {};
    rest.remove_prefix(file_prefix.size());
    rest.remove_suffix(file_suffix.size());
    return is_plugin_name(rest) ? std::string(rest) : std::string();
}

SearchPath SearchPath::of(const std::vector<fs::path>& requested, const Environment& environment) {
    SearchPath path;
    // A folder may be named twice, with and without a slash at its end, or through symbolic links (/lib, /usr/lib), and
    // must not hide its own plugins. Compared by identity, in a set: a variable may have thousands of folders.
    std::unordered_set<std::string> known;
    const auto append = [&](const fs::path& folder) {
        auto plain = folder.lexically_normal();
        if (!plain.has_filename()) plain = plain.parent_path(); // a slash at its end, which Windows does not accept
        if (known.insert(identity_of(plain)).second) path.folders.push_back(std::move(plain));
    };
    for (const auto& folder : requested) {
        if (folder.empty()) continue;
        std::error_code error; // there may be no current directory any more
        const auto absolute = fs::absolute(folder, error);
        if (error == std::errc::not_enough_memory) throw std::bad_alloc();
        if (error) {
            path.notes.push_back(escaped("ignored the folder \"" + folder.string() + "\": " + error.message()));
        } else {
            append(absolute);
        }
    }
    std::string_view list = environment.plugin_path;
    while (!list.empty()) {
        const auto end = std::min(list.find(path_list_separator), list.size());
        const fs::path folder(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
        if (folder.is_absolute()) {
            append(folder);
        } else if (!folder.empty()) {
            path.notes.push_back(
                escaped("ignored \"" + folder.string() + "\" of POLLUX_PLUGIN_PATH: not an absolute path"));
        }
    }
    const auto beside = folder_of_core();
    if (!beside.empty()) append(beside / "pollux");
    append(POLLUX_PLUGIN_FOLDER);
    return path;
}

PluginFiles SearchPath::files() const {
    PluginFiles files;
    std::vector<std::string> entries;
    for (const auto& folder : folders) {
        const auto first = static_cast<std::ptrdiff_t>(files.all.size());
        entries.clear();
        const auto error = list_folder(folder, entries);
        // A folder that is not there holds no plugins.
        if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory) {
            files.unread.push_back(folder);
            files.notes.push_back(escaped("cannot list the folder \"" + folder.string() + "\": " + error.message()));
        }
        for (const auto& entry : entries) {
            if (auto name = plugin_of(entry); !name.empty()) files.all.push_back({std::move(name), folder / entry});
        }
        std::ranges::sort(files.all.begin() + first, files.all.end(), {}, &PluginFile::name);
    }
    return files;
}

} // namespace pollux
