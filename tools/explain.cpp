// SPDX-License-Identifier: BSL-1.0
#include "explain.hpp"

#include <pollux/open.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace pollux::tools {
namespace {

/// What `auto` left alone, as it had found something.
std::string not_tried(const Choice& choice) {
    std::string text;
    for (const auto& backend : installed()) {
        const auto is_it = [&backend](const Attempt& attempt) { return attempt.file == backend.file; };
        if (std::ranges::any_of(choice.attempts, is_it)) continue;
        const auto remark = backend.refusal.empty() ? fmt::format("rank {}", backend.rank) : backend.refusal;
        text += fmt::format("  not tried: {}: {}\n", backend.file.string(), remark);
    }
    return text;
}

} // namespace

int explain(const std::string& backend) {
    auto choice = pollux::explain({.backend = backend});
    if (!backend.empty()) choice.origin = "from the command line";
    if (!choice.winner) {
        fmt::print(stderr, "{}\n", choice.text());
        return 1;
    }
    fmt::print("{}\n", choice.text());
    if (choice.asked == "auto") fmt::print("{}", not_tried(choice));
    fmt::print("  winner: {}, rank {} ({})\n", choice.winner->name, choice.winner->rank, choice.winner->summary);
    for (const auto& folder : choice.folders) fmt::print("  searched: {}\n", folder.string());
    return 0;
}

} // namespace pollux::tools
