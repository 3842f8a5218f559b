// SPDX-License-Identifier: BSL-1.0
// Chooses a stack: turns a request into attempts, in order, and stops at the first one that opens.
#include <pollux/open.hpp>

#include "candidates.hpp"
#include "environment.hpp"
#include "library.hpp"
#include "linked_plugins.hpp"
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

/// Returns all plugins: those that are linked into the program, and those of a search, each made a FoundPlugin by
/// `make`, which is describe() or load().
std::vector<FoundPlugin> all_of(const std::vector<FoundPlugin>& linked, const PluginFiles& files, bool privileged,
                                FoundPlugin (*make)(const fs::path&, bool)) {
    // Of equals the first one is first, as in a stable sort, whose buffer clang calls deprecated.
    std::multiset<FoundPlugin, bool (*)(const FoundPlugin&, const FoundPlugin&)> sorted(is_tried_before);
    std::map<std::string, std::string> first;
    for (const auto& plugin : linked) {
        if (plugin.refusal.empty()) first.emplace(plugin.name, "the plugin that is linked into the program");
        sorted.insert(plugin);
    }
    for (const auto& file : files.all) {
        const auto [known, is_first] = first.emplace(file.name, file.path.string());
        if (is_first) {
            sorted.insert(make(file.path, privileged));
        } else {
            sorted.insert({.name = file.name, .file = file.path, .refusal = escaped("hidden by " + known->second)});
        }
    }
    std::vector<FoundPlugin> all;
    while (!sorted.empty()) all.push_back(std::move(sorted.extract(sorted.begin()).value()));
    return all;
}

bool is_for_auto(const FoundPlugin& backend) {
    return backend.refusal.empty() && (backend.described || backend.is_linked_in);
}

/// Opens the plugin of the highest rank that opens, among those with a description. Only plugins that are tried are
/// loaded.
std::unique_ptr<Selector> open_any(const std::vector<FoundPlugin>& linked, const PluginFiles& files, bool privileged,
                                   Opener& opener, const std::vector<FoundPlugin>& layers, Choice& choice) {
    auto all = all_of(linked, files, privileged, describe);
    std::erase_if(all, [](const FoundPlugin& plugin) { return plugin.refusal.empty() && plugin.is_layer; });
    for (const auto& backend : all) {
        if (is_for_auto(backend)) continue;
        const auto reason =
            !backend.refusal.empty() ? backend.refusal : "its file has no description: it can be opened by its name";
        choice.passed_over.push_back({backend.name, backend.file, reason});
    }
    for (const auto& backend : all) {
        if (!is_for_auto(backend)) continue;
        auto loaded = backend.loaded ? backend : load(backend.file, privileged);
        if (auto selector = opener.open(std::move(loaded), {}, layers)) return selector;
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
    const auto linked = linked_plugins();
    std::set<std::string> names;
    for (const auto& plugin : linked) names.insert(plugin.name);
    for (const auto& file : files.all) names.insert(file.name);
    choice.installed.assign(names.begin(), names.end());

    const auto list = StackList::parse(choice.requested);
    const auto layers = LayerList::parse(choice.requested_layers);
    choice.refusal = escaped(list.refusal);
    if (choice.refusal.empty() && !layers.refusal.empty()) choice.refusal = "POLLUX_LAYERS: " + escaped(layers.refusal);
    if (!choice.refusal.empty()) return nullptr;
    const Candidates candidates(linked, path, files, environment.privileged);
    Opener opener(candidates, request.needs, choice);
    std::vector<FoundPlugin> outer_layers;
    if (!opener.find_layers(layers.layers, outer_layers)) return nullptr;
    for (const auto& stack : list.stacks) {
        auto all_layers = outer_layers;
        if (!opener.find_layers(stack.layers, all_layers)) continue;
        auto selector = stack.is_auto()
                            ? open_any(linked, files, environment.privileged, opener, all_layers, choice)
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
    return all_of(linked_plugins(), SearchPath::of(request.folders, environment).files(), environment.privileged,
                  describe);
}

FoundPlugin load(const fs::path& file) { return load_file(file, Environment::of_process().privileged); }

std::vector<FoundPlugin> installed(const Request& request) {
    const auto environment = Environment::of_process();
    return all_of(linked_plugins(), SearchPath::of(request.folders, environment).files(), environment.privileged, load);
}

} // namespace pollux
