// SPDX-License-Identifier: BSL-1.0
#include "list.hpp"

#include "table.hpp"

#include <pollux/open.hpp>

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace pollux::tools {
namespace {

using Named = std::pair<const char*, Capability Capabilities::*>;
constexpr std::array<Named, 7> abilities{{{"oneshot", &Capabilities::oneshot},
                                          {"level", &Capabilities::level},
                                          {"edge", &Capabilities::edge},
                                          {"sockets", &Capabilities::sockets},
                                          {"pipes", &Capabilities::pipes},
                                          {"files", &Capabilities::files},
                                          {"priority", &Capabilities::priority}}};

std::string word_of(Support support) {
    switch (support) {
    case Support::unsupported:
        return "unsupported";
    case Support::emulated:
        return "emulated";
    case Support::native:
        return "native";
    }
    return "unknown";
}

/// A backend, and why it cannot be used here; empty if it can.
struct Listed {
    Backend backend;
    std::string obstacle;
};

std::vector<Listed> look() {
    std::vector<Listed> all;
    for (auto& backend : installed()) {
        auto obstacle = backend.refusal;
        if (obstacle.empty()) {
            // As a file: this one, whatever else has its name.
            const auto choice = pollux::explain({.backend = backend.file.string()});
            if (!choice.winner) obstacle = choice.attempts.empty() ? choice.refusal : choice.attempts.back().reason;
        }
        all.push_back({std::move(backend), std::move(obstacle)});
    }
    return all;
}

std::string backends_table(const std::vector<Listed>& all) {
    Table table({{"backend"}, {"rank", Align::right}, {"usable"}, {"file"}});
    for (const auto& [backend, obstacle] : all) {
        const bool loaded = backend.refusal.empty();
        table.add({backend.name, loaded ? std::to_string(backend.rank) : "-", obstacle.empty() ? "yes" : "no",
                   backend.file.string()});
    }
    return table.text();
}

Table capabilities_table(const std::vector<Listed>& all) {
    std::vector<Table::Column> columns{{"backend"}};
    for (const auto& ability : abilities) columns.push_back({ability.first});
    columns.push_back({"timeouts", Align::right});
    Table table(std::move(columns));
    for (const auto& listed : all) {
        const auto& backend = listed.backend;
        if (!backend.refusal.empty()) continue;
        std::vector<std::string> cells{backend.name};
        for (const auto& ability : abilities) cells.push_back(word_of((backend.capabilities.*ability.second).support));
        const std::chrono::duration<double, std::milli> resolution = backend.capabilities.timeout_resolution;
        cells.push_back(fmt::format("{:g} ms", resolution.count()));
        table.add(std::move(cells));
    }
    return table;
}

/// One sentence for each thing that a backend could do better.
std::vector<std::string> limits_of(const Backend& backend) {
    std::vector<std::string> sentences;
    for (const auto& [name, member] : abilities) {
        const auto& [support, reason] = backend.capabilities.*member;
        if (support == Support::native) continue;
        const bool mute = reason == nullptr || *reason == '\0';
        sentences.push_back(
            fmt::format("{}: {} {}: {}", backend.name, name, word_of(support), mute ? "no reason given" : reason));
    }
    return sentences;
}

/// One line for each thing that is less than it could be.
std::string reasons(const std::vector<Listed>& all) {
    std::string text;
    for (const auto& [backend, obstacle] : all) {
        if (!obstacle.empty()) text += fmt::format("  {}: not usable: {}\n", backend.name, obstacle);
        if (!backend.refusal.empty()) continue;
        for (const auto& sentence : limits_of(backend)) text += fmt::format("  {}\n", sentence);
    }
    return text;
}

} // namespace

int list() {
    const auto all = look();
    const auto choice = pollux::explain();
    if (!all.empty()) fmt::print("{}\n{}", backends_table(all), capabilities_table(all).text());
    if (const auto text = reasons(all); !text.empty()) fmt::print("\n{}", text);
    if (choice.winner) {
        fmt::print("\nA program gets {} here: \"{}\" ({})\n", choice.winner->name, choice.asked, choice.origin);
        for (const auto& note : choice.notes) fmt::print("  {}\n", note);
        return 0;
    }
    std::fflush(stdout); // the table first, also where both streams are one
    fmt::print(stderr, "{}\n", choice.text());
    return 1;
}

int list_as_markdown() {
    std::vector<Listed> all;
    for (auto& backend : installed()) {
        if (backend.refusal.empty()) all.push_back({std::move(backend), {}});
    }
    if (all.empty()) {
        fmt::print(stderr, "{}\n", pollux::explain().text());
        return 1;
    }
    fmt::print("{}\n", capabilities_table(all).markdown());
    for (const auto& listed : all) {
        for (const auto& sentence : limits_of(listed.backend)) fmt::print("- {}\n", sentence);
    }
    return 0;
}

} // namespace pollux::tools
