// SPDX-License-Identifier: BSL-1.0
// Rules on small buffers and fairness.
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace pollux::conformance {
namespace {

/// Makes `count` pairs with data for their near ends.
std::vector<Pair> ready_pairs(std::size_t count, Kind kind = Kind::local) {
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < count; ++i) {
        pairs.push_back(make_pair(kind));
        write(pairs.back().far, "x");
    }
    return pairs;
}

} // namespace

// select() returns at most as many events as the buffer has room for.
RULE(buffer, cap, .needs = Need::level) {
    const auto pairs = ready_pairs(6);
    for (std::size_t i = 0; i < pairs.size(); ++i) add(pairs[i].near, {Token{i}, Ready::readable, Mode::level});
    for (const std::size_t room : {1U, 2U, 5U, 6U, 1000U}) {
        const auto seen = select(patience, room);
        const std::size_t most = std::min(room, pairs.size());
        expect(!seen.empty() && seen.size() <= most,
               "expected: 1 to " + std::to_string(most) + " events, seen: " + describe(seen));
    }
}

// select() with a buffer without room returns invalid_argument at once, and no event is lost.
RULE(buffer, empty) {
    const auto pair = make_pair(Kind::local);
    add(pair.near, {Token{1}, Ready::readable, any_mode()});
    send(pair.far);
    std::error_code error;
    const auto seen = selector().select({}, forever, error);
    expect_error(std::errc::invalid_argument, error);
    expect(seen.empty(), "expected: no event");
    expect_event(Token{1}, Ready::readable);
}

// Six ready level watches are all reported within three calls of select() with room for two events, round after round.
RULE(buffer, fair, .needs = Need::level) {
    const auto pairs = ready_pairs(6);
    for (std::size_t i = 0; i < pairs.size(); ++i) add(pairs[i].near, {Token{i}, Ready::readable, Mode::level});
    for (int round = 0; round < 20; ++round) {
        std::set<Token> seen;
        for (int call = 0; call < 3; ++call) {
            for (const auto& event : select(patience, 2)) seen.insert(event.token);
        }
        expect(seen.size() == 6, "expected: all 6 within three calls, seen: " + std::to_string(seen.size()));
    }
}

// Six ready edge or one-shot watches are each reported exactly once by calls of select() with room for two events.
RULE(buffer, lossless) {
    for (const Mode mode : modes()) {
        if (mode == Mode::level) continue;
        CIRCUMSTANCE(describe(mode));
        const auto pairs = ready_pairs(6);
        for (std::size_t i = 0; i < pairs.size(); ++i) add(pairs[i].near, {Token{i}, Ready::readable, mode});
        std::map<Token, int> seen;
        for (std::size_t total = 0; total < 6;) {
            const auto events = select(patience, 2);
            for (const auto& event : events) ++seen[event.token];
            total += events.size();
            if (events.empty()) break;
        }
        expect(seen.size() == 6, "expected: all 6, once each, seen: " + std::to_string(seen.size()) + " of them");
        expect_quiet();
        for (const auto& pair : pairs) remove(pair.near);
    }
}

// A source that is readable and writable at once is reported in one event.
RULE(buffer, one_event_per_watch) {
    for (const Kind kind : {Kind::tcp, Kind::local}) {
        for (const Mode mode : modes()) {
            CIRCUMSTANCE(std::string(name_of(kind)) + ", " + describe(mode));
            const auto pair = make_pair(kind);
            send(pair.far);
            wait_for_data(pair.near);
            add(pair.near, {Token{1}, both_directions, mode});
            expect_event(Token{1}, both_directions);
            if (mode != Mode::level) expect_quiet();
            remove(pair.near);
        }
    }
}

// A wake and a ready source are both reported by calls of select() with room for one event.
RULE(buffer, room_for_wake) {
    for (const bool wake_first : {true, false}) {
        const auto pair = make_pair(Kind::local);
        if (wake_first) wake();
        send(pair.far);
        add(pair.near, {Token{1}, Ready::readable, any_mode()});
        if (!wake_first) wake();
        std::set<Token> seen;
        for (int call = 0; call < 2; ++call) {
            for (const auto& event : select(patience, 1)) seen.insert(event.token);
        }
        expect(seen == std::set{Token{1}, wake_token}, "expected: the wake and token 1 within two calls");
        if (any_mode() != Mode::level) expect_quiet();
        remove(pair.near);
    }
}

// After 100,000 arrivals (fewer if they take over 20 s) on 500 sources without a select(), every source is reported,
// and so are later arrivals.
RULE(overload, lossless, .takes = 350ms) {
    const Kind kind = capabilities().pipes ? Kind::pipe : Kind::local;
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        std::vector<Pair> pairs;
        for (std::uint64_t i = 0; i < 500; ++i) {
            pairs.push_back(make_pair(kind));
            add(pairs.back().near, {Token{i}, Ready::readable, mode});
        }
        expect_quiet(); // now the backend has requests for each of them
        Budget budget(200);
        int round = 1;
        for (; budget.allows(round); ++round)
            for (const auto& pair : pairs) write(pair.far, "x");
        report_rounds(round - 1, budget);
        std::set<Token> seen;
        for (int call = 0; call < 1000 && seen.size() < 500; ++call) {
            const auto events = select(patience, 64);
            if (events.empty()) break;
            for (const auto& event : events) seen.insert(event.token);
        }
        expect(seen.size() == 500, "expected: all 500 sources, seen: " + std::to_string(seen.size()));
        for (auto last = select(moment); !last.empty() && mode != Mode::level;) last = select(moment);
        // After the storm each source is reported again.
        for (std::uint64_t i = 0; i < 500; ++i) {
            drain(pairs[i].near);
            if (mode == Mode::oneshot) modify(pairs[i].near, {Token{i}, Ready::readable, mode});
        }
        // An event that the system queued before the drain may be reported once.
        for (int calls = 0; calls < 16 && !select(moment).empty(); ++calls) {}
        expect_quiet();
        for (std::uint64_t i = 0; i < 500 && !has_failed(); ++i) {
            write(pairs[i].far, "x");
            expect_event(Token{i}, Ready::readable);
            drain(pairs[i].near);
        }
        for (const auto& pair : pairs) remove(pair.near);
        expect_quiet();
    }
}

// A source that is always ready does not keep a wake or another source from being reported.
RULE(wake, fair, .needs = Need::level) {
    const auto busy = ready_pairs(2);
    const auto other = make_pair(Kind::local);
    add(busy[0].near, {Token{1}, Ready::readable, Mode::level});
    add(busy[1].near, {Token{2}, Ready::readable, Mode::level});
    add(other.near, {Token{3}, Ready::readable, Mode::level});
    for (int round = 0; round < 20; ++round) {
        for (int call = 0; call < round % 4; ++call) select(patience, 1);
        wake();
        send(other.far);
        std::set<Token> seen;
        for (int call = 0; call < 8; ++call) {
            if (round % 2 == 1) wake(); // a repeated wake neither loses its turn nor takes those of the sources
            for (const auto& event : select(patience, 1)) seen.insert(event.token);
        }
        expect(seen.count(wake_token) == 1, "expected: the wake within 8 calls, seen: no wake");
        expect(seen.count(Token{3}) == 1, "expected: the other source within 8 calls, seen: no event of it");
        drain(other.near);
    }
}

void link_buffer_rules() {}

} // namespace pollux::conformance
