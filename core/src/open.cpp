// SPDX-License-Identifier: BSL-1.0
// Chooses a stack: turns a request into attempts, in order, and stops at the first one that opens.
#include <pollux/open.hpp>

#include "candidates.hpp"
#include "environment.hpp"
#include "library.hpp"
#include "opener.hpp"
#include "search.hpp"
#include "stack_list.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace pollux {
namespace {

namespace fs = std::filesystem;

/// Returns whether `a` is before `b` in found() and installed().
bool is_tried_before(const FoundPlugin& a, const FoundPlugin& b) {
    const auto group = [](const FoundPlugin& backend) {
        return !backend.refusal.empty() ? 2 : backend.described || backend.loaded ? 0 : 1;
    };
    if (group(a) != group(b)) return group(a) < group(b);
    if (group(a) == 0 && a.rank != b.rank) return a.rank > b.rank;
    return a.name < b.name;
}

/// Returns all plugins of a search, each made a FoundPlugin by `make`, which is describe() or load().
std::vector<FoundPlugin> all_of(const PluginFiles& files, bool privileged, FoundPlugin (*make)(const fs::path&, bool)) {
    std::vector<FoundPlugin> all;
    std::map<std::string, fs::path> first;
    for (const auto& file : files.all) {
        const auto [known, is_first] = first.emplace(file.name, file.path);
        FoundPlugin plugin;
        if (is_first) {
            plugin = make(file.path, privileged);
        } else {
            plugin.name = file.name;
            plugin.file = file.path;
            plugin.refusal = escaped("hidden by " + known->second.string());
        }
        const auto place = std::ranges::upper_bound(all, plugin, is_tried_before); // of equals the first found is first
        all.insert(place, std::move(plugin));
    }
    return all;
}

/// Opens the plugin of the highest rank that opens, among those with a description. Only plugins that are tried are
/// loaded.
std::unique_ptr<Selector> open_any(const PluginFiles& files, bool privileged, Opener& opener,
                                   const std::vector<FoundPlugin>& layers, Choice& choice) {
    auto all = all_of(files, privileged, describe);
    std::erase_if(all, [](const FoundPlugin& plugin) { return plugin.refusal.empty() && plugin.is_layer; });
    for (const auto& backend : all) {
        if (backend.refusal.empty() && backend.described) continue;
        const auto reason =
            !backend.refusal.empty() ? backend.refusal : "its file has no description: it can be opened by its name";
        choice.passed_over.push_back({backend.name, backend.file, reason});
    }
    for (const auto& backend : all) {
        if (!backend.refusal.empty() || !backend.described) continue;
        if (auto selector = opener.open(load(backend.file, privileged), {}, layers)) return selector;
    }
    return nullptr;
}

Choice begin(const Request& request, const Environment& environment) {
    Choice choice;
    choice.requested = "auto";
    choice.origin = "the default";
    if (const auto program = trim(request.backend); !program.empty()) {
        choice.requested = program;
        choice.origin = "from the program";
    } else if (const auto variable = trim(environment.backend); !variable.empty()) {
        choice.requested = variable;
        choice.origin = "from POLLUX_BACKEND";
    }
    choice.requested_layers = trim(environment.layers);
    if (environment.privileged) choice.notes.emplace_back("ignored the environment: this process is privileged");
    return choice;
}

} // namespace

std::unique_ptr<Selector> open(const Request& request, Choice& choice) {
    const auto environment = Environment::of_process();
    choice = begin(request, environment);
    const auto path = SearchPath::of(request.folders, environment);
    choice.folders = path.folders;
    choice.notes.insert(choice.notes.end(), path.notes.begin(), path.notes.end());
    const auto files = path.files();
    choice.notes.insert(choice.notes.end(), files.notes.begin(), files.notes.end());
    std::set<std::string> names;
    for (const auto& file : files.all) names.insert(file.name);
    choice.installed.assign(names.begin(), names.end());

    const auto list = StackList::parse(choice.requested);
    const auto layers = LayerList::parse(choice.requested_layers);
    choice.refusal = escaped(list.refusal);
    if (choice.refusal.empty() && !layers.refusal.empty()) choice.refusal = "POLLUX_LAYERS: " + escaped(layers.refusal);
    if (!choice.refusal.empty()) return nullptr;
    const Candidates candidates(path, files, environment.privileged);
    Opener opener(candidates, request.needs, choice);
    std::vector<FoundPlugin> outer_layers;
    if (!opener.find_layers(layers.layers, outer_layers)) return nullptr;
    for (const auto& stack : list.stacks) {
        auto all_layers = outer_layers;
        if (!opener.find_layers(stack.layers, all_layers)) continue;
        auto selector = stack.is_auto()
                            ? open_any(files, environment.privileged, opener, all_layers, choice)
                            : opener.open(candidates.find(stack.backend), stack.backend.options, std::move(all_layers));
        if (selector) return selector;
    }
    return nullptr;
}

std::unique_ptr<Selector> open(const Request& request) {
    Choice choice;
    auto selector = open(request, choice);
    if (!selector) throw OpenError(choice.text());
    return selector;
}

Choice explain(const Request& request) {
    Choice choice;
    static_cast<void>(open(request, choice)); // closed again: what it found is in `choice`
    return choice;
}

std::vector<FoundPlugin> found(const Request& request) {
    const auto environment = Environment::of_process();
    return all_of(SearchPath::of(request.folders, environment).files(), environment.privileged, describe);
}

FoundPlugin load(const fs::path& file) { return load_file(file, Environment::of_process().privileged); }

std::vector<FoundPlugin> installed(const Request& request) {
    const auto environment = Environment::of_process();
    return all_of(SearchPath::of(request.folders, environment).files(), environment.privileged, load);
}

} // namespace pollux
