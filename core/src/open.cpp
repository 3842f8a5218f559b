// SPDX-License-Identifier: BSL-1.0
// Chooses a backend: turns a request into attempts, in order, and stops at the first one that opens.
#include <pollux/open.hpp>

#include "backend_list.hpp"
#include "environment.hpp"
#include "library.hpp"
#include "search.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <set>
#include <string_view>

namespace pollux {
namespace {

namespace fs = std::filesystem;

/// A Need is one member of Needs, and the member of Capabilities that it requires.
struct Need {
    const char* name;
    bool Needs::*needed;
    Capability Capabilities::*offered;
};
constexpr std::array<Need, 6> all_needs{{{"oneshot", &Needs::oneshot, &Capabilities::oneshot},
                                         {"level", &Needs::level, &Capabilities::level},
                                         {"edge", &Needs::edge, &Capabilities::edge},
                                         {"pipes", &Needs::pipes, &Capabilities::pipes},
                                         {"files", &Needs::files, &Capabilities::files},
                                         {"priority", &Needs::priority, &Capabilities::priority}}};

/// Returns which need a backend does not offer, with the backend's reason; empty if it offers all.
std::string lack_of(const Backend& backend, const Needs& needs) {
    for (const auto& [name, needed, offered] : all_needs) {
        const auto& capability = backend.capabilities.*offered;
        if (!(needs.*needed) || capability) continue;
        const bool has_no_reason = !capability.reason || *capability.reason == '\0';
        return "backend " + backend.name + " does not offer " + name +
               ", which the program needs: " + (has_no_reason ? "no reason given" : capability.reason);
    }
    return {};
}

/// Returns whether `a` is before `b` in found() and installed().
bool is_tried_before(const Backend& a, const Backend& b) {
    const auto group = [](const Backend& backend) {
        return !backend.refusal.empty() ? 2 : backend.described || backend.open ? 0 : 1;
    };
    if (group(a) != group(b)) return group(a) < group(b);
    if (group(a) == 0 && a.rank != b.rank) return a.rank > b.rank;
    return a.name < b.name;
}

/// Returns all plugins of a search, each made a Backend by `make`, which is describe() or load().
std::vector<Backend> all_of(const PluginFiles& files, bool privileged, Backend (*make)(const fs::path&, bool)) {
    std::vector<Backend> all;
    std::map<std::string, fs::path> first;
    for (const auto& file : files.all) {
        const auto [known, is_first] = first.emplace(file.name, file.path);
        if (is_first) {
            all.push_back(make(file.path, privileged));
        } else {
            all.push_back(
                {.name = file.name, .file = file.path, .refusal = escaped("hidden by " + known->second.string())});
        }
    }
    std::ranges::stable_sort(all, is_tried_before);
    return all;
}

/// Returns at most `most` items in one line, and then how many more there are.
std::string joined(const auto& items, std::size_t most) {
    std::string line;
    std::size_t count = 0;
    for (const auto& item : items) {
        if (++count > most) return line + " and " + std::to_string(items.size() - most) + " more";
        line += (line.empty() ? "" : ", ") + escaped(fs::path(item).string());
    }
    return line;
}
constexpr std::size_t most_folders = 16, all_names = static_cast<std::size_t>(-1);

Backend load_file(const fs::path& file, bool privileged) {
    std::error_code error; // there may be no current directory any more
    const auto absolute = fs::absolute(file, error);
    if (error == std::errc::not_enough_memory) throw std::bad_alloc();
    if (error) return {.name = file.string(), .refusal = error.message()};
    return load(absolute.lexically_normal(), privileged);
}

/// The Candidates are the plugins that the elements of a list may name.
class Candidates {
  public:
    Candidates(const SearchPath& path, const PluginFiles& files, bool privileged)
        : files_(&files), folders_(joined(path.folders, most_folders)), privileged_(privileged) {
        for (const auto& file : files.all) by_name_.emplace(file.name, &file.path);
    }

    Backend find(const std::string& element) const {
        if (is_backend_file(element)) return load_file(element, privileged_);
        // The first file of a name counts, even if it is refused.
        if (const auto found = by_name_.find(element); found != by_name_.end())
            return load(*found->second, privileged_);
        for (const auto& folder : files_->unread) {
            const auto file = folder / plugin_file_name(element);
            std::error_code ignored;
            if (fs::exists(fs::symlink_status(file, ignored))) return load(file, privileged_);
        }
        return {.name = element, .refusal = "no " + plugin_file_name(element) + " in " + folders_};
    }

  private:
    const PluginFiles* files_;
    std::map<std::string_view, const fs::path*> by_name_;
    std::string folders_;
    bool privileged_;
};

std::string described(const OpenFailure& failure) {
    const std::string step = escaped(failure.step ? failure.step : "");
    if (!failure.error) return step.empty() ? "open failed and gave no reason" : step + " failed and gave no reason";
    return step + (step.empty() ? "" : ": ") + escaped(failure.error.message());
}

std::unique_ptr<Selector> attempt(Backend backend, const Needs& needs, Choice& choice) {
    std::unique_ptr<Selector> selector;
    if (backend.refusal.empty()) backend.refusal = escaped(lack_of(backend, needs));
    if (backend.refusal.empty()) {
        OpenFailure failure;
        selector = backend.open(failure);
        if (!selector) backend.refusal = described(failure);
    }
    choice.attempts.push_back({backend.name, backend.file, backend.refusal});
    if (selector) choice.winner = std::move(backend);
    return selector;
}

/// Opens the plugin of the highest rank that opens, among those with a description. Only plugins that are tried are
/// loaded.
std::unique_ptr<Selector> open_any(const PluginFiles& files, bool privileged, const Needs& needs, Choice& choice) {
    const auto all = all_of(files, privileged, describe);
    for (const auto& backend : all) {
        if (backend.refusal.empty() && backend.described) continue;
        const auto reason =
            !backend.refusal.empty() ? backend.refusal : "its file has no description: it can be opened by its name";
        choice.passed_over.push_back({backend.name, backend.file, reason});
    }
    for (const auto& backend : all) {
        if (!backend.refusal.empty() || !backend.described) continue;
        if (auto selector = attempt(load(backend.file, privileged), needs, choice)) return selector;
    }
    return nullptr;
}

Choice begin(const Request& request, const Environment& environment) {
    Choice choice;
    choice.asked = "auto";
    choice.origin = "the default";
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
    const auto files = path.files();
    choice.notes.insert(choice.notes.end(), files.notes.begin(), files.notes.end());
    std::set<std::string> names;
    for (const auto& file : files.all) names.insert(file.name);
    choice.installed.assign(names.begin(), names.end());

    const auto list = BackendList::parse(choice.asked);
    choice.refusal = escaped(list.refusal);
    if (!choice.refusal.empty()) return nullptr;
    if (list.elements.empty()) return open_any(files, environment.privileged, request.needs, choice);
    const Candidates candidates(path, files, environment.privileged);
    for (const auto& element : list.elements) {
        if (auto selector = attempt(candidates.find(element), request.needs, choice)) return selector;
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

std::vector<Backend> found(const Request& request) {
    const auto environment = Environment::of_process();
    return all_of(SearchPath::of(request.folders, environment).files(), environment.privileged, describe);
}

Backend load(const fs::path& file) { return load_file(file, Environment::of_process().privileged); }

std::vector<Backend> installed(const Request& request) {
    const auto environment = Environment::of_process();
    return all_of(SearchPath::of(request.folders, environment).files(), environment.privileged, load);
}

std::string Choice::text() const {
    const std::string quoted = "\"" + escaped(asked) + "\" (" + escaped(origin) + ")";
    const bool is_list = asked.find(',') != asked.npos || asked == "auto";
    std::string text = winner             ? "pollux: opened backend \"" + escaped(winner->name) + "\" for " + quoted
                       : !refusal.empty() ? "pollux: cannot use backend " + quoted + "\n  " + escaped(refusal)
                       : is_list          ? "pollux: cannot open any backend of " + quoted
                                          : "pollux: cannot open backend " + quoted;
    const auto add_line = [&text](const Attempt& attempt, const char* verb) {
        const auto& [backend, file, reason] = attempt;
        text += "\n  " + escaped(file.empty() ? backend : file.string()) + ": " + verb + escaped(reason);
    };
    for (const auto& attempt : attempts) add_line(attempt, attempt.reason.empty() ? "opened" : "");
    for (const auto& file : passed_over) add_line(file, "passed over: ");
    for (const auto& note : notes) text += "\n  " + escaped(note);
    text += "\n  installed: " +
            (installed.empty() ? "none in " + joined(folders, most_folders) : joined(installed, all_names));
    return text;
}

} // namespace pollux
