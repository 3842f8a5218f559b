// SPDX-License-Identifier: BSL-1.0
// Rules on one-shot, level and edge mode.
#include "../rule.hpp"
#include "../rule_files.hpp"

namespace pollux::conformance {

// A readable source is reported to a level watch by every select() until it is drained, and not afterwards.
RULE(level, repeats) {
    if (!offers(Mode::level)) return;
    for (const Kind kind : kinds()) {
        CIRCUMSTANCE(name_of(kind));
        const auto pair = make_pair(kind);
        add(pair.near, {Token{1}, Ready::readable, Mode::level});
        for (int round = 0; round < 3; ++round) {
            send(pair.far);
            for (int times = 0; times < 3; ++times) expect_event(Token{1}, Ready::readable);
            drain(pair.near);
            expect_quiet();
        }
        // Ready when it was last reported, not when select() checks again, and ready while it sleeps.
        send(pair.far);
        expect_event(Token{1}, Ready::readable);
        drain(pair.near);
        Sleeper sleeper(selector());
        send(pair.far);
        const auto seen = sleeper.events();
        expect(seen.size() == 1 && seen[0].token == Token{1}, "expected: {token 1, readable}, seen: " + describe(seen));
        select(0ns); // by this thread, which changes watches again
        remove(pair.near);
    }
}

// A writable source is reported to a level watch by every select() while it has room, not while it is full, and again
// after the peer reads.
RULE(level, writable) {
    if (!offers(Mode::level)) return;
    const auto pair = make_pair(Kind::local);
    add(pair.near, {Token{1}, Ready::writable, Mode::level});
    for (int times = 0; times < 3; ++times) expect_event(Token{1}, Ready::writable);
    for (int round = 0; round < 3; ++round) {
        fill(pair.near);
        // TCP may have room again a moment later; if it is reported, a write must fit.
        while (!select(moment).empty() && !has_failed())
            expect(fill(pair.near) > 0, "expected: no event without room, seen: an event");
        expect_quiet();
        drain(pair.far);
        for (int times = 0; times < 3; ++times) expect_event(Token{1}, Ready::writable);
    }
}

// The end of the stream is reported to a level watch by every select() until remove() or modify().
RULE(level, end_repeats) {
    if (!offers(Mode::level)) return;
    for (const Kind kind : kinds()) {
        CIRCUMSTANCE(name_of(kind));
        auto pair = make_pair(kind);
        add(pair.near, {Token{1}, Ready::readable, Mode::level});
        pair.far.close();
        for (int times = 0; times < 5; ++times) {
            expect_any(Token{1}, Ready::readable);
            drain(pair.near);
        }
        if (capabilities().oneshot) {
            modify(pair.near, {Token{2}, Ready::readable, Mode::oneshot});
            expect_any(Token{2}, Ready::readable);
            expect_quiet();
        }
        remove(pair.near);
        expect_quiet();
    }
}

// An edge watch reports one event for one arrival, even if the source is not drained.
RULE(edge, once) {
    if (!offers(Mode::edge)) return;
    for (const Kind kind : kinds()) {
        CIRCUMSTANCE(name_of(kind));
        const auto pair = make_pair(kind);
        add(pair.near, {Token{1}, Ready::readable, Mode::edge});
        for (int round = 0; round < 3; ++round) {
            send(pair.far);
            expect_event(Token{1}, Ready::readable);
            expect_quiet();
            drain(pair.near);
            expect_quiet();
        }
        remove(pair.near);
    }
}

// With native edge, data that arrives at a source that was not drained causes another event.
RULE(edge, new_data) {
    if (!offers(Mode::edge)) return;
    if (capabilities().edge.support != Support::native) return declare_unsupported(capabilities().edge);
    for (const Kind kind : kinds()) {
        CIRCUMSTANCE(name_of(kind));
        const auto pair = make_pair(kind);
        add(pair.near, {Token{1}, Ready::readable, Mode::edge});
        for (int round = 0; round < 5; ++round) {
            send(pair.far);
            expect_event(Token{1}, Ready::readable);
            expect_quiet();
        }
        remove(pair.near);
    }
}

// With native edge, a partial read without new data causes no event.
RULE(edge, partial_read) {
    if (!offers(Mode::edge)) return;
    if (capabilities().edge.support != Support::native) return declare_unsupported(capabilities().edge);
    for (const Kind kind : kinds()) {
        CIRCUMSTANCE(name_of(kind));
        const auto pair = make_pair(kind);
        add(pair.near, {Token{1}, Ready::readable, Mode::edge});
        send(pair.far, "four");
        expect_event(Token{1}, Ready::readable);
        for (int round = 0; round < 3; ++round) {
            read(pair.near, 1);
            expect_quiet();
        }
        remove(pair.near);
    }
}

// Data that arrives after an edge source was drained is reported exactly once, in 10,000 rounds of two threads (fewer
// if they take over 20 s).
RULE(edge, after_drain, .takes = 330ms) {
    if (!offers(Mode::edge)) return;
    Budget budget(10'000);
    const auto pair = make_pair(Kind::local);
    Count drained;
    std::atomic<bool> stop = false;
    add(pair.near, {Token{1}, Ready::readable, Mode::edge});
    Thread writer([&] {
        for (int round = 1; !stop; ++round) {
            write(pair.far, "x");
            drained.wait_for(round);
        }
    });
    std::string fault;
    int tried = 0;
    for (int round = 1; fault.empty() && budget.allows(round); ++round) {
        const auto seen = select();
        if (seen.size() != 1) fault = "arrival " + std::to_string(round) + " was lost";
        if (!seen.empty() && drain(pair.near) == 0)
            fault = "arrival " + std::to_string(round - 1) + " was reported twice";
        drained.raise_to(round);
        tried = round;
    }
    report_rounds(tried, budget);
    stop = true;
    drained.release();
    writer.join();
    expect(fault.empty(), "expected: one event for each arrival, seen: " + fault);
    drain(pair.near);
    expect_no_spin();
}

// An edge listener with three queued connections is not reported again after one accept() until another connection
// arrives.
RULE(edge, listener) {
    if (!offers(Mode::edge)) return;
    const auto waiting = listener();
    add(waiting, {Token{1}, Ready::readable, Mode::edge});
    std::vector<Owned> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(connect_to(waiting));
    expect_event(Token{1}, Ready::readable);
    expect_no_spin(); // the second and third may have been queued after the first event
    std::error_code error;
    const auto accepted = accept(waiting, error);
    expect_error(std::errc{}, error);
    expect_quiet();
    clients.push_back(connect_to(waiting));
    expect_event(Token{1}, Ready::readable);
}

// After its event a one-shot watch is not reported until modify(), whether the event was for data, a hang-up or an
// error.
RULE(oneshot, once) {
    if (!offers(Mode::oneshot)) return;
    for (const Kind kind : kinds()) {
        for (const bool by_reset : {false, true}) {
            CIRCUMSTANCE(std::string(name_of(kind)) + (by_reset ? ", reset" : ", closed"));
            auto pair = make_pair(kind);
            add(pair.near, {Token{1}, Ready::readable, Mode::oneshot});
            send(pair.far);
            expect_event(Token{1}, Ready::readable);
            expect_quiet();
            send(pair.far);
            expect_quiet();
            if (by_reset && kind == Kind::tcp) {
                reset(pair.far);
            } else {
                pair.far.close();
            }
            expect_quiet();
            remove(pair.near);
        }
    }
}

// A one-shot watch that modify() rearms while its source is ready is reported again, even for a hang-up.
RULE(oneshot, rearm_while_ready) {
    if (!offers(Mode::oneshot)) return;
    for (const Kind kind : kinds()) {
        CIRCUMSTANCE(name_of(kind));
        auto pair = make_pair(kind);
        const Watch watch{Token{1}, Ready::readable, Mode::oneshot};
        send(pair.far);
        add(pair.near, watch);
        for (int round = 0; round < 3; ++round) {
            expect_event(Token{1}, Ready::readable);
            modify(pair.near, watch);
        }
        expect_event(Token{1}, Ready::readable);
        drain(pair.near);
        pair.far.close();
        for (int round = 0; round < 3; ++round) {
            modify(pair.near, watch);
            expect_any(Token{1}, Ready::readable);
            expect_quiet();
        }
        remove(pair.near);
    }
}

// A spent one-shot watch stays registered: add() returns file_exists, and remove() succeeds.
RULE(oneshot, stays_registered) {
    if (!offers(Mode::oneshot)) return;
    const auto pair = make_pair(Kind::local);
    send(pair.far);
    add(pair.near, {Token{1}, Ready::readable, Mode::oneshot});
    expect_event(Token{1}, Ready::readable);
    expect_error(std::errc::file_exists, registrator().add(pair.near, {Token{2}, Ready::readable, Mode::oneshot}));
    expect_quiet();
    remove(pair.near);
    expect_unknown(pair.near);
}

// One event spends a one-shot watch for both directions.
RULE(oneshot, both_directions) {
    if (!offers(Mode::oneshot)) return;
    const auto pair = make_pair(Kind::local);
    add(pair.near, {Token{1}, both_directions, Mode::oneshot});
    expect_event(Token{1}, Ready::writable);
    send(pair.far);
    expect_quiet();
    modify(pair.near, {Token{1}, both_directions, Mode::oneshot});
    expect_event(Token{1}, both_directions);
    expect_quiet();
    // Room for one event suffices for both directions.
    modify(pair.near, {Token{1}, both_directions, Mode::oneshot});
    const auto seen = select(patience, 1);
    expect(seen.size() == 1 && seen[0].ready == both_directions,
           "expected: {token 1, readable|writable}, seen: " + describe(seen));
    expect_quiet();
}

// A mode that is changed by modify() applies from the next select() on.
RULE(mode, switch) {
    for (const Mode before : modes()) {
        for (const Mode after : modes()) {
            CIRCUMSTANCE(describe(before) + " to " + describe(after));
            const auto pair = make_pair(Kind::local);
            add(pair.near, {Token{1}, Ready::readable, before});
            send(pair.far);
            expect_event(Token{1}, Ready::readable);
            modify(pair.near, {Token{1}, Ready::readable, after});
            expect_event(Token{1}, Ready::readable);
            if (after == Mode::level) {
                expect_event(Token{1}, Ready::readable);
            } else {
                expect_quiet();
            }
            if (after == Mode::edge && before != Mode::edge) {
                drain(pair.near);
                send(pair.far);
                expect_event(Token{1}, Ready::readable);
            }
            remove(pair.near);
        }
    }
}

// A spent one-shot watch is not reported, whatever happens to its source: more data, its end, a reset.
RULE(oneshot, silent) {
    if (!offers(Mode::oneshot)) return;
    for (const bool is_reset : {false, true}) {
        auto pair = make_pair(Kind::tcp);
        add(pair.near, {Token{1}, both_directions, Mode::oneshot});
        expect_event(Token{1}, Ready::writable);
        send(pair.far);
        wait_for_data(pair.near);
        expect_full_wait();
        if (is_reset) reset(pair.far);
        pair.far.close();
        drain(pair.near);
        wait_for_hang_up(pair.near);
        expect_full_wait();
        modify(pair.near, {Token{1}, Ready::readable, Mode::oneshot});
        expect_any(Token{1}, Ready::readable);
        remove(pair.near);
    }
}

void link_modes_rules() {}

} // namespace pollux::conformance
