// SPDX-License-Identifier: BSL-1.0
// What rules need, and the refusals that are documented where a subject lacks it.
#include "process.hpp"
#include "rule.hpp"

#include <algorithm>
#include <vector>

namespace pollux::conformance {

bool Rule::offers_needs() {
    const auto needs = rule_->traits.needs;
    for (const auto& [need, mode] : {std::pair(Need::oneshot, Mode::oneshot), std::pair(Need::level, Mode::level),
                                     std::pair(Need::edge, Mode::edge)}) {
        if (includes(needs, need) && !offers(mode)) return false;
    }
    const auto& offered = capabilities();
    if (includes(needs, Need::any_thread) && !offered.any_thread) {
        expect_thread_refused();
        declare_unsupported(offered.any_thread);
    } else if (includes(needs, Need::any_number) && !offered.any_number) {
        expect_number_refused();
        declare_unsupported(offered.any_number);
    } else if (includes(needs, Need::unchanged_sources) && !offered.unchanged_sources) {
        declare_unsupported(offered.unchanged_sources);
    } else if (includes(needs, Need::closed_sources) && !offered.closed_sources) {
        declare_unsupported(offered.closed_sources);
    } else {
        return true;
    }
    return false;
}

void Rule::expect_thread_refused() {
    const auto pair = make_pair(Kind::local), other = make_pair(Kind::local);
    const Watch watch{Token{1}, Ready::readable, any_mode()};
    select(0ns); // by this thread
    add(other.near, watch);
    Thread([&] {
        expect_error(std::errc::operation_not_supported, registrator().add(pair.near, watch));
        expect_error(std::errc::operation_not_supported, registrator().modify(other.near, watch));
        expect_error(std::errc::operation_not_supported, registrator().remove(other.near));
    }).join();
    expect_unknown(pair.near);
    remove(other.near);
}

void Rule::expect_number_refused() {
    // Pairs until one has a number above the highest, or the system has no more.
    const auto highest = capabilities().highest_source;
    const auto number_of = [](const Pair& pair) { return static_cast<std::uint64_t>(pair.near.get()); };
    std::vector<Pair> pairs;
    const auto limit = std::min<std::uint64_t>(raise_descriptor_limit(), 65536);
    if (highest + 8 >= limit) return; // none can be made
    do pairs.push_back(make_pair(Kind::local));
    while (number_of(pairs.back()) <= highest);
    const Watch watch{Token{1}, Ready::readable, any_mode()};
    expect_error(std::errc::operation_not_supported, registrator().add(pairs.back().near, watch));
    expect_unknown(pairs.back().near);
}

} // namespace pollux::conformance
