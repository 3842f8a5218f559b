// SPDX-License-Identifier: BSL-1.0
// Rules on the clock of a Selector: the extension ClockSource.
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <pollux/time/clock.hpp>

#include <string>

namespace pollux::conformance {
namespace {

constexpr Capability no_clock{Support::unsupported, "extension() returns no ClockSource: it waits by the steady clock"};

} // namespace

// The clock of a Selector is the same each time, and is never behind an earlier reading, whatever is called in between.
RULE(clock, never_backwards) {
    auto* clock = extension_of<time::ClockSource>(selector());
    if (!clock) return declare_unsupported(no_clock);
    auto before = clock->now();
    const auto expect_not_behind = [&](const char* when) {
        const auto now = clock->now();
        expect(now >= before, std::string("expected: the clock is not turned back ") + when + ", seen: by " +
                                  std::to_string((before - now).count()) + " ns");
        before = now;
    };
    const auto pair = make_pair(kinds().front());
    for (int round = 0; round < 100; ++round) {
        expect_not_behind("between two readings");
        select(0ns);
        expect_not_behind("by a select() that does not sleep");
        select(10us);
        expect_not_behind("by a sleep");
        wake();
        expect_not_behind("by a wake");
        select();
        expect_not_behind("by a select() that reports a wake");
        add(pair.near, {Token{1}, Ready::readable, modes().front()});
        remove(pair.near);
        expect_not_behind("by changes of watches");
    }
    expect(extension_of<time::ClockSource>(selector()) == clock, "expected: the same clock");
}

// A select() that returns no event ends no earlier than its timeout, by the clock of the Selector.
RULE(clock, timeouts) {
    auto* clock = extension_of<time::ClockSource>(selector());
    if (!clock) return declare_unsupported(no_clock);
    for (const std::chrono::nanoseconds wait : {1ns, 999ns, 100'000ns, 1'000'001ns, 30'000'000ns}) {
        for (int i = 0; i < 10; ++i) {
            const auto start = clock->now();
            const auto seen = select(wait);
            const auto took = clock->now() - start;
            expect(seen.empty(), "expected: no event, seen: " + describe(seen));
            expect(took >= wait, "expected: at least " + std::to_string(wait.count()) +
                                     " ns, seen: " + std::to_string(took.count()) + " ns");
        }
    }
}

void link_clock_rules() {}

} // namespace pollux::conformance
