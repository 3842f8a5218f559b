// SPDX-License-Identifier: BSL-1.0
// Rules on timeouts.
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>

namespace pollux::conformance {
namespace {

using Clock = std::chrono::steady_clock;

/// Returns the shortest time that a call took. A machine may be slow for seconds, so calls are repeated, at least 50
/// times, until one takes no longer than `limit` or `patience` is over.
template <typename Call>
std::chrono::nanoseconds shortest(std::chrono::nanoseconds limit, Call call) {
    const auto begun = Clock::now();
    auto shortest = std::chrono::nanoseconds::max();
    for (int calls = 0; calls < 50 || (shortest > limit && Clock::now() - begun < patience); ++calls) {
        const auto start = Clock::now();
        call();
        shortest = std::min<std::chrono::nanoseconds>(shortest, Clock::now() - start);
    }
    return shortest;
}

} // namespace

// select() with a timeout of zero does not sleep, and reports what is ready.
RULE(timeout, zero) {
    const auto pair = make_pair(Kind::local);
    add(pair.near, {Token{1}, Ready::readable, any_mode()});
    const auto fastest = shortest(1ms, [&] { expect(select(0ns).empty(), "expected: no event"); });
    expect(fastest <= 1ms, "expected: select() returns at once, seen: " + exact_milliseconds(fastest));
    send(pair.far);
    const auto seen = select(0ns);
    expect(seen.size() == 1 && seen[0].token == Token{1}, "expected: {token 1, readable}, seen: " + describe(seen));
}

// select() without a timeout returns only with an event: changes and failed calls of other threads do not end it.
RULE(timeout, forever, .needs = Need::any_thread) {
    const auto pair = make_pair(Kind::local);
    const auto other = make_pair(Kind::local);
    Sleeper sleeper(selector());
    for (int i = 0; i < 50; ++i) {
        add(other.near, {Token{2}, Ready::readable, any_mode()});
        modify(other.near, {Token{3}, Ready::none, any_mode()});
        remove(other.near);
        expect_unknown(other.near);
        std::this_thread::sleep_for(100us); // time enough for a defect to show
    }
    add(pair.near, {Token{1}, Ready::readable, any_mode()});
    send(pair.far);
    const auto seen = sleeper.events();
    expect(seen.size() == 1 && seen[0].token == Token{1}, "expected: {token 1, readable}, seen: " + describe(seen));
}

// A timeout below the clock's unit is rounded up: 100 us does not become 0.
RULE(timeout, rounds_up) {
    for (const auto wait : {1'000ns, 100'000ns, 900'000ns, 1'000'001ns}) {
        for (int i = 0; i < 10; ++i) {
            const auto start = Clock::now();
            select(wait);
            const auto took = Clock::now() - start;
            expect(took >= wait,
                   "expected: at least " + exact_milliseconds(wait) + ", seen: " + exact_milliseconds(took));
        }
    }
}

// None of 1,000 waits of 1 to 3 ms returns early by the steady clock.
RULE(timeout, never_early, .takes = 2100ms) {
    int early = 0, tried = 0;
    Budget budget(1000);
    for (; budget.allows(tried + 1); ++tried) {
        const auto wait = 1ms + tried * 7 % 1000 * 2us;
        const auto start = Clock::now();
        select(wait);
        if (Clock::now() - start < wait) ++early;
    }
    report_rounds(tried, budget);
    expect(early == 0, "expected: no wait is early, seen: " + std::to_string(early) + " of " + std::to_string(tried));
}

// Timeouts of 25 days and of the largest number of nanoseconds neither overflow nor return at once, and a wake ends
// them.
RULE(timeout, huge) {
    for (const auto wait : {std::chrono::nanoseconds::max(), std::chrono::nanoseconds(25 * 24h)}) {
        Sleeper sleeper(selector(), wait);
        std::this_thread::sleep_for(moment);
        expect(!sleeper.has_returned(), "expected: select() sleeps, seen: it returned");
        wake();
        const auto seen = sleeper.events();
        expect(seen.size() == 1 && seen[0].token == wake_token, "expected: the wake, seen: " + describe(seen));
    }
}

// A negative timeout is treated as zero.
RULE(timeout, negative) {
    const auto pair = make_pair(Kind::local);
    for (const auto wait :
         {std::chrono::nanoseconds::min(), std::chrono::nanoseconds(-1), std::chrono::nanoseconds(-1h)}) {
        const auto start = Clock::now();
        expect(select(wait).empty(), "expected: no event");
        expect(Clock::now() - start < patience, "expected: select() returns at once");
        send(pair.far);
        add(pair.near, {Token{1}, Ready::readable, any_mode()});
        const auto seen = select(wait);
        expect(seen.size() == 1 && seen[0].token == Token{1}, "expected: {token 1, readable}, seen: " + describe(seen));
        remove(pair.near);
    }
}

// The shortest of at least 50 waits of 200 us ends within the resolution that the backend declares.
RULE(timeout, resolution) {
    constexpr auto wait = 200us;
    const auto declared = capabilities().timeout_resolution;
    expect(declared > 0ns, "expected: a declared timeout_resolution of more than zero");
    const auto best = shortest(wait + declared, [&] { select(wait); });
    expect(best <= wait + declared, "expected: at most 0.2 ms and the declared " + exact_milliseconds(declared) +
                                        ", seen: " + exact_milliseconds(best));
}

void link_time_rules() {}

} // namespace pollux::conformance
