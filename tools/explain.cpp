// SPDX-License-Identifier: BSL-1.0
#include "explain.hpp"

#include "choice_json.hpp"
#include "diagnostic.hpp"
#include "not_tried.hpp"

#include <pollux/open.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace pollux::tools {

std::vector<FoundPlugin> not_tried(const Choice& choice) {
    if (!choice.backend || !choice.is_auto()) return {};
    auto all = found();
    std::erase_if(all, [&choice](const FoundPlugin& plugin) {
        const auto has_its_file = [&plugin](const Attempt& attempt) { return attempt.file == plugin.file; };
        return plugin.is_layer || std::ranges::any_of(choice.attempts, has_its_file) ||
               std::ranges::any_of(choice.passed_over, has_its_file);
    });
    return all;
}

namespace {

/// Returns the lines on the options of a plugin of the stack.
std::string option_lines(const FoundPlugin& plugin) {
    std::string text;
    for (const auto& option : plugin.options) {
        text += fmt::format("    {}={} ({}): {}\n", escaped(option.name), escaped(option.value),
                            option.is_given ? fmt::format("given, the default is \"{}\"", option.default_value)
                                            : "the default",
                            option.help);
    }
    return text;
}

/// Parses the words of --needs, separated by commas.
/// Errors: std::invalid_argument with what was expected.
Needs parse(const std::string& words) {
    constexpr std::pair<std::string_view, bool Needs::*> known[] = {
        {"oneshot", &Needs::oneshot}, {"level", &Needs::level}, {"edge", &Needs::edge},
        {"pipes", &Needs::pipes},     {"files", &Needs::files}, {"priority", &Needs::priority}};
    Needs needs;
    for (std::string_view left = words; !left.empty();) {
        const auto end = std::min(left.find(','), left.size());
        const auto word = left.substr(0, end);
        left.remove_prefix(std::min(end + 1, left.size()));
        const auto* const entry = std::ranges::find(known, word, &std::pair<std::string_view, bool Needs::*>::first);
        if (entry == std::end(known))
            throw std::invalid_argument(
                fmt::format("--needs: expected of oneshot, level, edge, pipes, files and priority, seen \"{}\"{}",
                            escaped(word), question(word, {"oneshot", "level", "edge", "pipes", "files", "priority"})));
        needs.*entry->second = true;
    }
    return needs;
}

} // namespace

int explain(const ExplainOptions& options) {
    auto choice = pollux::explain({.backend = options.backend, .needs = parse(options.needs)});
    if (!options.backend.empty()) choice.origin = "from the command line";
    if (options.as_json) {
        JsonWriter json;
        json.begin('{').member("format", "pollux-explain/1");
        write_choice(json, choice);
        fmt::print("{}", json.end('}').text());
    }
    if (!choice.backend) {
        std::fflush(stdout);
        fmt::print(stderr, "{}\n", diagnostic(choice));
        return 1;
    }
    if (options.as_json) return 0;
    fmt::print("{}\n", diagnostic(choice));
    for (const auto& backend : not_tried(choice))
        fmt::print("  not tried: {}: rank {}\n", escaped(backend.file.string()), backend.rank);
    for (const auto& layer : choice.layers)
        fmt::print("  layer: {} ({})\n{}", layer.name, layer.summary, option_lines(layer));
    fmt::print("  winner: {}, rank {} ({})\n{}", choice.backend->name, choice.backend->rank, choice.backend->summary,
               option_lines(*choice.backend));
    for (const auto& folder : choice.folders) fmt::print("  searched: {}\n", escaped(folder.string()));
    return 0;
}

} // namespace pollux::tools
