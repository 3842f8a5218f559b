// SPDX-License-Identifier: BSL-1.0
// Rules on wake().
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <array>

namespace pollux::conformance {

// A wake ends a sleeping select(), which reports wake_token with an empty ready set.
RULE(wake, asleep) {
    for (int round = 0; round < 10 && !has_failed(); ++round) {
        Sleeper sleeper(selector());
        wake();
        const auto seen = sleeper.events();
        expect(seen.size() == 1 && seen[0].token == wake_token && seen[0].ready == Ready::none,
               "expected: {wake, none}, seen: " + describe(seen));
    }
}

// A wake while no thread sleeps ends the next select(), and only that one.
RULE(wake, next) {
    for (const Timeout timeout : {Timeout(0ns), Timeout(patience), forever}) {
        wake();
        const auto seen = Sleeper(selector(), timeout).events();
        expect(seen.size() == 1 && seen[0].token == wake_token, "expected: {wake, none}, seen: " + describe(seen));
        expect_quiet();
    }
}

// Several wakes before one select() are reported at least once and at most as often as they were made, and not
// afterwards.
RULE(wake, coalesces) {
    for (const std::size_t wakes : {1U, 2U, 100U}) {
        for (std::size_t i = 0; i < wakes; ++i) wake();
        std::size_t events = 0;
        for (auto seen = select(); !seen.empty(); seen = select(moment)) {
            events += seen.size();
            for (const auto& event : seen)
                expect(event.token == wake_token, "expected: wakes, seen: " + describe(event));
            if (events > wakes) break;
        }
        expect(events >= 1 && events <= wakes,
               "expected: 1 to " + std::to_string(wakes) + " events, seen: " + std::to_string(events));
    }
}

namespace {

/// Polls a few times, then sleeps: so a wake meets every step of falling asleep, and mostly costs no sleep.
std::span<const Event> poll_then_sleep(Selector& selector, std::span<Event> buffer, int polls, std::error_code& error) {
    for (int poll = 0; poll < polls; ++poll) {
        const auto seen = selector.select(buffer, 0ns, error);
        if (!seen.empty() || error) return seen;
    }
    // Longer than elsewhere: in a million rounds the machine may pause for seconds.
    return selector.select(buffer, 4 * patience, error);
}

/// The result of many rounds: a fault, which is empty if there is none, and the number of rounds.
struct Result {
    std::string fault = {};
    int rounds = 0;
};

/// One thread writes and wakes, and waits until the other one has seen the write.
Result handshakes(Selector& selector, Budget& budget) {
    int written = 0; // not atomic: wake() has to order it
    Count collected;
    std::atomic<bool> stop = false;
    Thread waker([&] {
        for (int round = 1; round <= budget.rounds() && !stop; ++round) {
            written = round;
            static_cast<void>(selector.registrator().wake());
            collected.wait_for(round);
        }
    });
    std::vector<Event> buffer(4);
    std::error_code error;
    Result result;
    for (int round = 1; budget.allows(round); ++round) {
        const auto seen = poll_then_sleep(selector, buffer, 3 + round % 8, error);
        if (seen.empty() || error || written != round) {
            result.fault = "wake " + std::to_string(round) +
                           (seen.empty() ? " was lost" : " was reported before its write was visible");
            break;
        }
        collected.raise_to(round);
        result.rounds = round;
    }
    stop = true;
    collected.release();
    return result;
}

/// A cache line that one thread writes and the other one invalidates, so that the next write is slow.
struct alignas(64) ContendedLine {
    std::atomic<int> written = 0;
    std::atomic<int> taken = 0;
};

/// Processors delay writes behind later reads; with many slow writes, by up to a microsecond. A wake() that
/// only reads whether a wake is pending reads it before the earlier writes are visible.
using Written = std::array<ContendedLine, 32>;

/// One thread writes and wakes twice in a row, so that the wakes are coalesced; the other one has to see the second
/// number, though its wake may be part of the first.
Result bursts(Selector& selector, Budget& budget) {
    Written lines;
    Count collected;
    std::atomic<bool> stop = false;
    Thread waker([&] {
        for (int round = 1; round <= budget.rounds() && !stop; ++round) {
            for (auto& line : lines) line.written.store(round, std::memory_order_relaxed);
            static_cast<void>(selector.registrator().wake());
            // The second wake meets each step of collecting the first.
            for (int pause = round % 1024; round % 2 != 0 && pause > 0; --pause) collected.value();
            if (round % 2 == 0) collected.wait_for(round);
        }
    });
    std::vector<Event> buffer(4);
    std::error_code error;
    Result result;
    for (auto& seen = result.rounds; budget.allows(seen + 1);) {
        if (poll_then_sleep(selector, buffer, 4, error).empty() || error) {
            result.fault = "after number " + std::to_string(seen) +
                           " a write was not seen: its wake was coalesced with a collected one";
            break;
        }
        seen = lines.back().written.load(std::memory_order_relaxed);
        for (auto& line : lines) line.taken.store(seen, std::memory_order_relaxed);
        collected.raise_to(seen);
    }
    stop = true;
    collected.release();
    return result;
}

} // namespace

// In a million handshakes of two threads (fewer if they take over 20 s) no wake is lost, and what was written before a
// wake is visible, even if it was coalesced with an earlier one.
RULE(wake, never_lost, .takes = 3500ms) {
    Budget million(1'000'000);
    const auto single = handshakes(selector(), million);
    expect(single.fault.empty(), "expected: each wake is reported, seen: " + single.fault);
    report_rounds(single.rounds, million);
    destroy();
    const auto fresh = open();
    if (!fresh) return;
    Budget fewer(400'000);
    const auto several = bursts(*fresh, fewer);
    expect(several.fault.empty(), "expected: writes before a wake are visible after it, seen: " + several.fault);
    report_rounds(several.rounds, fewer);
}

// A million wakes without a select() neither block nor fail, and are reported in few events.
RULE(wake, never_blocks) {
    std::error_code error;
    for (int i = 0; i < 1'000'000 && !error; ++i) {
        error = registrator().wake();
        if (i % 1000 == 0) Recorder::current().note_progress(); // each may take 50 us on a busy machine
    }
    expect_error(std::errc{}, error);
    const auto seen = select();
    expect(!seen.empty() && seen[0].token == wake_token, "expected: the wake, seen: " + describe(seen));
}

// While other threads modify watches, no wake is lost and no change fails.
RULE(wake, while_modifying, .takes = 300ms, .needs = Need::any_thread) {
    Budget budget(20'000);
    std::atomic<bool> stop = false;
    std::atomic<int> failures = 0;
    const auto change = [&] {
        const auto pair = make_pair(Kind::local);
        while (!stop) {
            if (registrator().add(pair.near, {Token{1}, Ready::readable, any_mode()})) ++failures;
            if (registrator().modify(pair.near, {Token{2}, Ready::none, any_mode()})) ++failures;
            if (registrator().remove(pair.near)) ++failures;
        }
    };
    Count collected;
    int lost = 0, round = 1;
    {
        Thread first(change), second(change), waker([&] {
            for (int wakes = 1; !stop; ++wakes) {
                if (registrator().wake()) ++failures;
                collected.wait_for(wakes);
            }
        });
        for (; lost == 0 && budget.allows(round); ++round) {
            if (select().empty()) ++lost;
            collected.raise_to(round);
        }
        stop = true;
        collected.release();
    }
    report_rounds(round - 1, budget);
    expect(lost == 0, "expected: no wake is lost, seen: number " + std::to_string(round - 1) + " was");
    expect(failures == 0, "expected: no call fails, seen: " + std::to_string(failures.load()) + " failures");
}

void link_waking_rules() {}

} // namespace pollux::conformance
