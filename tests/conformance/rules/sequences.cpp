// SPDX-License-Identifier: BSL-1.0
// The rule on calls in any order, which a model of the contract judges.
#include "../model/generator.hpp"
#include "../model/search.hpp"
#include "../model/sources.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <cstdint>
#include <string>

namespace pollux::conformance {

// Calls in any order do what the rules state: 3,000 random sequences of 400 operations each, on sources of all kinds,
// by several threads, differ nowhere from a model of the contract (fewer if they take over 20 s).
RULE(sequences, random, .takes = 3s, .needs = Need::any_thread | Need::any_number | Need::closed_sources) {
    destroy();
    model::surroundings();
    constexpr std::size_t length = 400;
    const std::vector subjects{subject()};
    Budget budget(3000);
    int tried = 0;
    while (budget.allows(tried + 1)) {
        const auto seed = static_cast<std::uint64_t>(++tried);
        const auto sequence = model::generate(seed, length);
        const auto difference = model::run(subjects, sequence, model::patience).difference;
        if (!difference) continue;
        const auto shortest = model::shortest_difference(subjects, sequence);
        const auto again = model::run(subjects, shortest, model::patience).difference;
        const auto& shown = again ? *again : *difference;
        expect(false, shown.fault + "\n    at: operation " + std::to_string(shown.operation + 1) + " of " +
                          (again ? "the shortest sequence found" : "the sequence; the shortest one depends on time") +
                          "\n    replay: pollux-model " + subject().name + " --play \"" + model::text_of(shortest) +
                          "\"\n    find it again: pollux-model " + subject().name + " --seed " + std::to_string(seed) +
                          " --sequences 1 --length " + std::to_string(length));
        return;
    }
    record("seeds", "1 to " + std::to_string(tried));
    report_rounds(tried, budget);
}

void link_sequences_rules() {}

} // namespace pollux::conformance
