// SPDX-License-Identifier: BSL-1.0
#include "list.hpp"

#include "diagnostic.hpp"
#include "examine.hpp"
#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace pollux::tools {
namespace {

std::string backends_table(const std::vector<Examined>& all, const Terminal& terminal) {
    Table table({{"backend"}, {"rank", Align::right}, {"usable"}, {"file"}});
    for (const auto& seen : all) {
        if (seen.is_layer) continue;
        table.add({seen.name, seen.is_loaded ? std::to_string(seen.rank) : "-", seen.obstacle.empty() ? "yes" : "no",
                   seen.file.string()});
    }
    return table.text(terminal);
}

std::string layers_table(const std::vector<Examined>& all, const Terminal& terminal) {
    Table table({{"layer"}, {"usable"}, {"file"}, {"what it does"}});
    for (const auto& seen : all) {
        if (seen.is_layer)
            table.add({seen.name, seen.obstacle.empty() ? "yes" : "no", seen.file.string(), seen.summary});
    }
    return table.text(terminal);
}

Table capabilities_table(const std::vector<Examined>& all) {
    std::vector<Table::Column> columns{{"backend"}};
    for (std::size_t i = 0; i < columns_of_capabilities; ++i) columns.push_back({named_capabilities[i].name});
    columns.push_back({"timeouts", Align::right});
    Table table(std::move(columns));
    for (const auto& seen : all) {
        if (!seen.is_loaded || seen.is_layer) continue;
        std::vector<std::string> cells{seen.name};
        for (std::size_t i = 0; i < columns_of_capabilities; ++i) cells.push_back(name_of(seen.abilities[i].support));
        const std::chrono::duration<double, std::milli> resolution = seen.timeout_resolution;
        cells.push_back(fmt::format("{:g} ms", resolution.count()));
        table.add(std::move(cells));
    }
    return table;
}

/// Returns one sentence for each capability of a backend that is not native.
std::vector<std::string> limits_of(const Examined& seen) {
    std::vector<std::string> sentences;
    for (std::size_t i = 0; i < std::size(named_capabilities); ++i) {
        const auto& [support, reason] = seen.abilities[i];
        if (support == Support::native) continue;
        sentences.push_back(escaped(fmt::format("{}: {} {}: {}", seen.name, named_capabilities[i].name,
                                                name_of(support), reason.empty() ? "no reason given" : reason)));
    }
    return sentences;
}

/// Returns one line for each plugin that is not usable, and for each capability that is not native.
std::string reasons(const std::vector<Examined>& all) {
    std::string text;
    for (const auto& seen : all) {
        if (!seen.obstacle.empty())
            text += fmt::format("  {}: not usable: {}\n", escaped(seen.name), escaped(seen.obstacle));
        if (!seen.is_loaded || seen.is_layer) continue;
        for (const auto& sentence : limits_of(seen)) text += fmt::format("  {}\n", sentence);
    }
    return text;
}

int list_backends() {
    const auto all = examine_installed();
    const auto choice = pollux::explain();
    const auto terminal = Terminal::of_output();
    if (!all.empty()) fmt::print("{}\n{}", backends_table(all, terminal), capabilities_table(all).text(terminal));
    if (std::ranges::any_of(all, &Examined::is_layer)) fmt::print("\n{}", layers_table(all, terminal));
    if (const auto text = reasons(all); !text.empty()) fmt::print("\n{}", text);
    if (choice.backend) {
        fmt::print("\nA program gets {} here: \"{}\" ({})\n", escaped(choice.stack()), escaped(choice.requested),
                   choice.origin);
        for (const auto& note : choice.notes) fmt::print("  {}\n", escaped(note));
        return 0;
    }
    std::fflush(stdout); // the table first, even if both streams are the same file
    fmt::print(stderr, "{}\n", diagnostic(choice));
    return 1;
}

int list_options() {
    const auto all = examine_installed();
    Table table({{"plugin"}, {"option"}, {"default"}, {"meaning"}});
    for (const auto& seen : all) {
        for (const auto& option : seen.options)
            table.add(
                {seen.name, option.name, option.default_value.empty() ? "(empty)" : option.default_value, option.help});
    }
    if (std::ranges::none_of(all, &Examined::is_loaded)) {
        fmt::print(stderr, "{}\n", diagnostic(pollux::explain()));
        return 1;
    }
    fmt::print("{}\nWritten after the name: POLLUX_BACKEND=name?option=value&option=value\n",
               table.text(Terminal::of_output()));
    return 0;
}

int list_as_markdown() {
    auto all = examine_installed();
    std::erase_if(all, [](const Examined& seen) { return !seen.is_loaded || seen.is_layer; });
    if (all.empty()) {
        fmt::print(stderr, "{}\n", diagnostic(pollux::explain()));
        return 1;
    }
    fmt::print("{}\n", capabilities_table(all).markdown());
    for (const auto& seen : all) {
        for (const auto& sentence : limits_of(seen)) fmt::print("- {}\n", in_markdown(sentence));
    }
    return 0;
}

/// Prints what no plugin has to be loaded for; a name once, as a later file of that name is hidden.
int list_names() {
    const auto names = pollux::explain({.backend = ","}).installed;
    for (const auto& name : names) fmt::print("{}\n", escaped(name));
    return names.empty() ? 1 : 0;
}

} // namespace

int list(const ListOptions& options) {
    return options.as_markdown  ? list_as_markdown()
           : options.of_plugins ? list_options()
           : options.names_only ? list_names()
           : options.as_json    ? list_as_json()
                                : list_backends();
}

} // namespace pollux::tools
