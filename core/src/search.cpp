// SPDX-License-Identifier: BSL-1.0
#include "search.hpp"

#include "backend_list.hpp"
#include "library.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>

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

std::string plugin_file_name(const std::string& backend) {
    return std::string(file_prefix) + backend + std::string(file_suffix);
}

std::string backend_of(const fs::path& file) {
    const std::string name = file.filename().string();
    std::string_view rest = name;
    if (!rest.starts_with(file_prefix) || !rest.ends_with(file_suffix)) return {};
    if (rest.size() <= file_prefix.size() + file_suffix.size()) return {};
    rest.remove_prefix(file_prefix.size());
    rest.remove_suffix(file_suffix.size());
    return is_backend_name(rest) ? std::string(rest) : std::string();
}

SearchPath SearchPath::of(const std::vector<fs::path>& requested, const Environment& environment) {
    SearchPath path;
    const auto append = [&path](const fs::path& folder) {
        auto plain = folder.lexically_normal();
        if (!plain.has_filename()) plain = plain.parent_path(); // nothing but a slash at its end, which Windows minds
        // With or without a slash at its end, or through symbolic links (/lib, /usr/lib): one folder must not hide its
        // own plugins.
        const auto is_same = [&plain](const fs::path& known) {
            std::error_code ignored;
            return known == plain || fs::equivalent(known, plain, ignored);
        };
        if (std::ranges::none_of(path.folders, is_same)) path.folders.push_back(std::move(plain));
    };
    for (const auto& folder : requested) {
        if (folder.empty()) continue;
        std::error_code error; // there may be no current directory any more
        const auto absolute = fs::absolute(folder, error);
        if (error) {
            path.notes.push_back("ignored the folder \"" + folder.string() + "\": " + error.message());
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
            path.notes.push_back("ignored \"" + folder.string() + "\" of POLLUX_PLUGIN_PATH: not an absolute path");
        }
    }
    const auto beside = folder_of_core();
    if (!beside.empty()) append(beside / "pollux");
    append(POLLUX_PLUGIN_FOLDER);
    return path;
}

std::vector<PluginFile> SearchPath::files() const {
    std::vector<PluginFile> all;
    for (const auto& folder : folders) {
        const auto first = static_cast<std::ptrdiff_t>(all.size());
        std::error_code ignored; // a folder that is not there holds no plugins
        for (fs::directory_iterator entry(folder, ignored), end; entry != end; entry.increment(ignored)) {
            if (auto name = backend_of(entry->path()); !name.empty()) all.push_back({std::move(name), entry->path()});
        }
        std::ranges::sort(all.begin() + first, all.end(), {}, &PluginFile::name);
    }
    return all;
}

} // namespace pollux
