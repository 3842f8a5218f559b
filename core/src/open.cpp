// SPDX-License-Identifier: BSL-1.0
// Chooses: turns a request into attempts, in order, and stops at the first that opens.
#include <pollux/open.hpp>

#include "backend_list.hpp"
#include "environment.hpp"
#include "library.hpp"
#include "search.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace pollux {
namespace {

namespace fs = std::filesystem;

/// All plugins in the search path, as installed() promises them.
std::vector<Backend> load_all(const SearchPath& path, bool privileged) {
    std::vector<Backend> all;
    std::map<std::string, fs::path> first;
    for (const auto& file : path.files()) {
        const auto [known, is_first] = first.emplace(file.name, file.path);
        if (is_first) {
            all.push_back(load(file.path, privileged));
        } else {
            all.push_back({.name = file.name, .file = file.path, .refusal = "hidden by " + known->second.string()});
        }
    }
    std::ranges::stable_sort(all, [](const Backend& a, const Backend& b) {
        if (a.refusal.empty() != b.refusal.empty()) return a.refusal.empty();
        if (a.refusal.empty() && a.rank != b.rank) return a.rank > b.rank;
        return a.name < b.name;
    });
    return all;
}

std::string joined(const auto& items) {
    std::string line;
    for (const auto& item : items) line += (line.empty() ? "" : ", ") + fs::path(item).string();
    return line;
}

/// What the element of a list stands for. Of a name, the first file counts, whatever is behind it.
Backend find(const std::string& element, const SearchPath& path, bool privileged) {
    if (is_backend_file(element)) {
        std::error_code error; // there may be no current directory any more
        const auto file = fs::absolute(element, error);
        if (error) return {.name = element, .refusal = error.message()};
        return load(file.lexically_normal(), privileged);
    }
    for (const auto& folder : path.folders) {
        const auto file = folder / plugin_file_name(element);
        std::error_code ignored;
        if (fs::exists(fs::symlink_status(file, ignored))) return load(file, privileged);
    }
    return {.name = element, .refusal = "no " + plugin_file_name(element) + " in " + joined(path.folders)};
}

std::string described(const OpenFailure& failure) {
    const std::string step = failure.step ? failure.step : "";
    if (!failure.error) return step.empty() ? "open failed and gave no reason" : step + " failed and gave no reason";
    return step + (step.empty() ? "" : ": ") + failure.error.message();
}

std::unique_ptr<Selector> attempt(Backend backend, Choice& choice) {
    std::unique_ptr<Selector> selector;
    if (backend.refusal.empty()) {
        OpenFailure failure;
        selector = backend.open(failure);
        if (!selector) backend.refusal = described(failure);
    }
    choice.attempts.push_back({backend.name, backend.file, backend.refusal});
    if (selector) choice.winner = std::move(backend);
    return selector;
}

Choice begin(const Request& request, const Environment& environment) {
    Choice choice;
    choice.asked = "auto";
    choice.origin = "as nothing else was asked for";
    if (const auto program = trim(request.backend); !program.empty()) {
        choice.asked = program;
        choice.origin = "from the program";
    } else if (const auto variable = trim(environment.backend); !variable.empty()) {
        choice.asked = variable;
        choice.origin = "from POLLUX_BACKEND";
    }
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
    std::set<std::string> names;
    for (const auto& file : path.files()) names.insert(file.name);
    choice.installed.assign(names.begin(), names.end());

    const auto list = BackendList::parse(choice.asked);
    choice.refusal = list.refusal;
    if (!choice.refusal.empty()) return nullptr;
    if (list.elements.empty()) {
        for (auto& backend : load_all(path, environment.privileged)) {
            if (auto selector = attempt(std::move(backend), choice)) return selector;
        }
    }
    for (const auto& element : list.elements) {
        if (auto selector = attempt(find(element, path, environment.privileged), choice)) return selector;
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
    open(request, choice);
    return choice;
}

std::vector<Backend> installed(const Request& request) {
    const auto environment = Environment::of_process();
    return load_all(SearchPath::of(request.folders, environment), environment.privileged);
}

std::string Choice::text() const {
    const std::string quoted = "\"" + asked + "\" (" + origin + ")";
    const bool is_list = asked.find(',') != asked.npos || asked == "auto";
    std::string text = winner             ? "pollux: opened backend \"" + winner->name + "\" for " + quoted
                       : !refusal.empty() ? "pollux: cannot use backend " + quoted + "\n  " + refusal
                       : is_list          ? "pollux: cannot open any backend of " + quoted
                                          : "pollux: cannot open backend " + quoted;
    for (const auto& [backend, file, reason] : attempts) {
        text += "\n  " + (file.empty() ? backend : file.string()) + ": " + (reason.empty() ? "opened" : reason);
    }
    for (const auto& note : notes) text += "\n  " + note;
    text += "\n  installed: " + (installed.empty() ? "none in " + joined(folders) : joined(installed));
    return text;
}

} // namespace pollux
