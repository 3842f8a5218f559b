// SPDX-License-Identifier: BSL-1.0
#include "candidates.hpp"

#include "choice_text.hpp"
#include "library.hpp"

#include <new>
#include <system_error>

namespace pollux {

namespace fs = std::filesystem;

FoundPlugin load_file(const fs::path& file, bool privileged) {
    std::error_code error; // there may be no current directory any more
    const auto absolute = fs::absolute(file, error);
    if (error == std::errc::not_enough_memory) throw std::bad_alloc();
    if (error) return {.name = file.string(), .refusal = error.message()};
    return load(absolute.lexically_normal(), privileged);
}

Candidates::Candidates(const std::vector<FoundPlugin>& linked, const SearchPath& path, const PluginFiles& files,
                       bool privileged)
    : linked_(&linked), files_(&files), folders_(joined(path.folders, most_folders)), privileged_(privileged) {
    for (const auto& file : files.all) by_name_.emplace(file.name, &file.path);
}

FoundPlugin Candidates::find(const PluginReference& reference) const {
    if (reference.is_file) return load_file(reference.plugin, privileged_);
    const auto& name = reference.plugin;
    for (const auto& plugin : *linked_) {
        if (plugin.name == name) return plugin;
    }
    // The first file of a name counts, even if it is refused.
    if (const auto found = by_name_.find(name); found != by_name_.end()) return load(*found->second, privileged_);
    for (const auto& folder : files_->unread) {
        const auto file = folder / plugin_file_name(name);
        std::error_code ignored;
        if (fs::exists(fs::symlink_status(file, ignored))) return load(file, privileged_);
    }
    return {.name = name, .refusal = "no " + plugin_file_name(name) + " in " + folders_};
}

} // namespace pollux
