// SPDX-License-Identifier: BSL-1.0
#include "examine.hpp"

#ifndef _WIN32
#include "isolated.hpp"
#include "record.hpp"
#endif

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace pollux::tools {
namespace {

/// Returns what is known of a plugin before it is opened.
Examined described(const FoundPlugin& backend) {
    Examined seen{
        .name = backend.name, .file = backend.file, .obstacle = backend.refusal, .is_layer = backend.is_layer};
    if (!backend.refusal.empty()) return seen;
    seen.is_loaded = true;
    seen.summary = backend.summary;
    seen.rank = backend.rank;
    seen.options = backend.options;
    for (std::size_t i = 0; i < std::size(named_capabilities); ++i) {
        const auto& [support, reason] = backend.capabilities.*named_capabilities[i].member;
        seen.abilities[i] = {support, escaped(reason ? reason : "")};
    }
    seen.timeout_resolution = backend.capabilities.timeout_resolution;
    return seen;
}

/// Returns why a loaded plugin cannot be opened, a layer around the backend that `auto` chooses; empty if it can.
std::string open_obstacle(const FoundPlugin& plugin, bool is_layer) {
    // By its file: other plugins may have the same name.
    const auto choice = explain({.backend = element_of(plugin.file) + (is_layer ? "+auto" : "")});
    if (choice.backend) return {};
    return choice.attempts.empty() ? choice.refusal : choice.attempts.back().reason;
}

#ifdef _WIN32

Examined examine(const FoundPlugin& found) {
    auto seen = described(load(found.file));
    if (seen.is_loaded) seen.obstacle = open_obstacle(found, seen.is_layer);
    return seen;
}

#else

std::string encoded(const Examined& seen) {
    Record record;
    record.add(seen.name).add(seen.obstacle).add(seen.is_layer).add(seen.is_loaded).add(seen.summary).add(seen.rank);
    record.add(seen.options.size());
    for (const auto& option : seen.options) record.add(option.name).add(option.default_value).add(option.help);
    for (const auto& [support, reason] : seen.abilities) record.add(static_cast<int>(support)).add(reason);
    record.add(seen.timeout_resolution.count());
    return record.bytes();
}

/// Reads what encoded() wrote into `seen`; returns false if the record is invalid.
bool decode(RecordReader& record, Examined& seen) {
    Examined read{.file = seen.file};
    int support = 0;
    long long resolution = 0;
    int option_count = 0;
    bool is_whole = record.read(read.name) && record.read(read.obstacle) && record.read(read.is_layer) &&
                    record.read(read.is_loaded) && record.read(read.summary) && record.read(read.rank) &&
                    record.read(option_count);
    for (int i = 0; is_whole && i < option_count; ++i) {
        auto& option = read.options.emplace_back();
        is_whole = record.read(option.name) && record.read(option.default_value) && record.read(option.help);
    }
    for (auto& ability : read.abilities) {
        is_whole = is_whole && record.read(support) && record.read(ability.reason);
        ability.support = static_cast<Support>(support);
    }
    if (!is_whole || !record.read(resolution)) return false;
    read.timeout_resolution = std::chrono::nanoseconds(resolution);
    seen = std::move(read);
    return true;
}

Examined examine(const FoundPlugin& found) {
    Examined seen{.name = found.name, .file = found.file};
    const auto answer = run_isolated([&found](const auto& send) {
        const auto loaded = described(load(found.file));
        send(encoded(loaded));
        if (loaded.is_loaded) send(Record().add(open_obstacle(found, loaded.is_layer)).bytes());
    });
    RecordReader record(answer.bytes);
    const bool is_loaded = decode(record, seen);
    if (is_loaded && (!seen.is_loaded || record.read(seen.obstacle))) return seen;
    if (answer.end.empty()) {
        seen.obstacle = fmt::format("did not {} within {} s", is_loaded ? "open" : "load", isolation_limit.count());
    } else {
        seen.obstacle = fmt::format("{} while it was {}", answer.end, is_loaded ? "opened" : "loaded");
    }
    return seen;
}

#endif

} // namespace

const char* name_of(Support support) noexcept {
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

std::vector<Examined> examine_installed() {
    std::vector<Examined> all;
    const auto is_before = [](const Examined& a, const Examined& b) {
        if (a.is_loaded != b.is_loaded) return a.is_loaded;
        if (a.is_loaded && a.rank != b.rank) return a.rank > b.rank;
        return a.name < b.name;
    };
    for (const auto& backend : found()) {
        auto examined = backend.refusal.empty() ? examine(backend) : described(backend);
        const auto place = std::ranges::upper_bound(all, examined, is_before);
        all.insert(place, std::move(examined));
    }
    return all;
}

} // namespace pollux::tools
