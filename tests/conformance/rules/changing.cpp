// SPDX-License-Identifier: BSL-1.0
// Rules on modify(), remove() and reused descriptor numbers.
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <set>

namespace pollux::conformance {

// modify() replaces token, interest and mode together; the old ones are never reported again.
RULE(modify, replaces) {
    for (const Mode before : modes()) {
        for (const Mode after : modes()) {
            CIRCUMSTANCE(describe(before) + " to " + describe(after));
            const auto pair = make_pair(Kind::local);
            add(pair.near, {Token{1}, Ready::readable, before});
            send(pair.far); // ready for the old watch, and not reported yet
            modify(pair.near, {Token{2}, Ready::writable, after});
            expect_event(Token{2}, Ready::writable);
            if (after == Mode::level) {
                expect_event(Token{2}, Ready::writable);
            } else {
                expect_quiet();
            }
            remove(pair.near);
        }
    }
}

// modify() rearms a spent one-shot watch and an edge watch, so that a ready source is reported again, even if another
// thread calls it while select() sleeps.
RULE(modify, rearms) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto pair = make_pair(Kind::local);
        const Watch watch{Token{1}, Ready::readable, mode};
        send(pair.far);
        add(pair.near, watch);
        for (int round = 0; round < 3; ++round) {
            expect_event(Token{1}, Ready::readable);
            if (mode != Mode::level) expect_quiet();
            modify(pair.near, watch);
        }
        expect_event(Token{1}, Ready::readable);
        if (mode != Mode::level && capabilities().any_thread) {
            Sleeper sleeper(selector());
            modify(pair.near, watch);
            const auto seen = sleeper.events();
            expect(seen.size() == 1 && seen[0].token == Token{1},
                   "expected: {token 1, readable}, seen: " + describe(seen));
        }
        remove(pair.near);
    }
}

// After modify() to an empty interest a watch is not reported and ends no select(), whatever happens to its source, and
// it can be resumed.
RULE(modify, pauses) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        auto pair = make_pair(Kind::local);
        add(pair.near, {Token{1}, both_directions, mode});
        expect_event(Token{1}, Ready::writable);
        modify(pair.near, {Token{1}, Ready::readable, mode});
        expect_quiet(); // the backend has requested it
        modify(pair.near, {Token{1}, Ready::none, mode});
        send(pair.far);
        expect_quiet();
        modify(pair.near, {Token{1}, Ready::readable, mode});
        expect_event(Token{1}, Ready::readable);
        modify(pair.near, {Token{1}, Ready::none, mode});
        pair.far.close();
        expect_full_wait();
        modify(pair.near, {Token{1}, Ready::closed, mode});
        expect_full_wait();
        expect_idle(20ms);
        modify(pair.near, {Token{1}, Ready::readable, mode});
        expect_any(Token{1}, Ready::readable);
        remove(pair.near);
    }
}

// Sources that end while their watches are paused neither take room in the buffer from other events nor end a sleep.
RULE(pause, starves_nothing, .needs = Need::any_thread) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        std::vector<Pair> paused;
        for (std::uint64_t i = 0; i < 4; ++i) {
            paused.push_back(make_pair(i % 2 == 0 ? Kind::tcp : Kind::local));
            add(paused.back().near, {Token{i}, both_directions, mode});
            modify(paused.back().near, {Token{i}, Ready::none, mode});
        }
        reset(paused[0].far);
        for (auto& pair : paused) {
            pair.far.close();
            wait_for_hang_up(pair.near);
        }
        const auto ready = make_pair(Kind::local);
        send(ready.far);
        add(ready.near, {Token{9}, Ready::readable, any_mode()});
        const auto seen = select(0ns, 1);
        expect(seen.size() == 1 && seen[0].token == Token{9}, "expected: {token 9, readable}, seen: " + describe(seen));
        drain(ready.near);
        Sleeper sleeper(selector());
        for (const auto& pair : paused) modify(pair.near, {Token{0}, Ready::none, mode});
        wake();
        const auto woken = sleeper.events();
        expect(woken.size() == 1 && woken[0].token == wake_token, "expected: only the wake, seen: " + describe(woken));
        for (const auto& pair : paused) remove(pair.near);
        remove(ready.near);
    }
}

// modify() of a source that is not watched returns no_such_file_or_directory and registers nothing.
RULE(modify, unknown) {
    const auto pair = make_pair(Kind::local);
    const Watch watch{Token{1}, Ready::readable, any_mode()};
    send(pair.far);
    expect_error(std::errc::no_such_file_or_directory, registrator().modify(pair.near, watch));
    expect_quiet();
    add(pair.near, watch);
    remove(pair.near);
    expect_error(std::errc::no_such_file_or_directory, registrator().modify(pair.near, watch));
    expect_quiet();
}

// remove() of a source that is not watched returns no_such_file_or_directory, whether it was removed before, never
// added or never opened.
RULE(remove, unknown) {
    auto pair = make_pair(Kind::local);
    expect_unknown(pair.near);
    add(pair.near, {Token{1}, Ready::readable, any_mode()});
    remove(pair.near);
    expect_unknown(pair.near);
    const Source number = pair.near;
    pair.near.close();
    for (const Source source : {number, Owned::none, static_cast<Source>(1'000'000)}) expect_unknown(source);
}

// A select() that begins after remove() never reports the watch, even if the source was ready before.
RULE(remove, is_final) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        std::vector<Pair> pairs;
        for (std::uint64_t i = 0; i < 4; ++i) {
            pairs.push_back(make_pair(Kind::local));
            send(pairs.back().far);
            add(pairs.back().near, {Token{i}, Ready::readable, mode});
        }
        // With room for one event, the backend knows that the other three are ready.
        const auto first = select(patience, 1);
        expect(first.size() == 1, "expected: one event, seen: " + describe(first));
        for (const auto& pair : pairs) remove(pair.near);
        expect_quiet();
        for (const auto& pair : pairs) send(pair.far);
        expect_quiet();
    }
}

// After another thread calls remove() while select() sleeps, the source may be closed at once, and its peer reads the
// end of the stream.
RULE(remove, while_asleep, .needs = Need::any_thread) {
    for (int round = 0; round < 10 && !has_failed(); ++round) {
        auto pair = make_pair(round % 2 == 0 ? Kind::tcp : Kind::local);
        add(pair.near, {Token{1}, Ready::readable, any_mode()});
        Sleeper sleeper(selector());
        remove(pair.near);
        pair.near.close();
        const auto peer = open();
        if (peer) {
            std::vector<Event> buffer(4);
            std::error_code error;
            static_cast<void>(peer->registrator().add(pair.far, {Token{2}, Ready::readable, any_mode()}));
            expect(peer->select(buffer, patience, error).size() == 1, "expected: the peer sees the end of the stream");
        }
        wake();
        const auto seen = sleeper.events();
        expect(seen.size() == 1 && seen[0].token == wake_token, "expected: only the wake, seen: " + describe(seen));
    }
}

// A source that was removed can be added again, and is reported if it is ready then.
RULE(remove, then_add) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto pair = make_pair(Kind::local);
        send(pair.far);
        for (std::uint64_t round = 0; round < 3; ++round) {
            add(pair.near, {Token{round}, Ready::readable, mode});
            expect_event(Token{round}, Ready::readable);
            remove(pair.near);
            expect_quiet();
        }
    }
}

// Adding and removing watches without a select() takes no memory, and sources that are ready before and after are
// reported.
RULE(remove, without_select) {
    const auto before = make_pair(Kind::local);
    const auto passing = make_pair(Kind::local);
    const auto after = make_pair(Kind::local);
    const auto pass = [&](int times) {
        for (int i = 0; i < times && !has_failed(); ++i) {
            add(passing.near, {Token{2}, Ready::readable, any_mode()});
            remove(passing.near);
        }
        return heap_bytes();
    };
    add(before.near, {Token{1}, Ready::readable, any_mode()});
    send(before.far);
    wake();
    const auto heap = pass(1'000);
    const auto heap_after = pass(10'000);
    expect(heap_after <= heap + 100'000,
           "expected: about " + std::to_string(heap) + " bytes of heap, seen: " + std::to_string(heap_after));
    add(after.near, {Token{3}, Ready::readable, any_mode()});
    send(after.far);
    std::set<Token> seen;
    for (int call = 0; call < 3 && seen.size() < 3; ++call) {
        for (const auto& event : select()) seen.insert(event.token);
    }
    expect(seen == std::set{Token{1}, Token{3}, wake_token},
           "expected: tokens 1 and 3 and the wake within three calls");
    if (any_mode() != Mode::level) expect_quiet();
}

// After a source is removed and closed and its descriptor number is reused, only the new token is reported.
RULE(reuse, new_token) {
    auto pair = make_pair(Kind::local);
    for (std::uint64_t round = 0; round < 100; ++round) {
        const Mode mode = modes()[round % modes().size()];
        add(pair.near, {Token{round}, Ready::readable, mode});
        send(pair.far); // ready, and not reported yet
        remove(pair.near);
        const Source number = pair.near;
        pair.near.close();
        pair = make_pair(Kind::local);
        pair.near = renumber(std::move(pair.near), number);
        send(pair.far);
        add(pair.near, {Token{1000 + round}, Ready::readable, mode});
        expect_event(Token{1000 + round}, Ready::readable);
        remove(pair.near);
    }
}

// A source that is closed while registered neither makes select() spin nor disturbs other watches, and after remove()
// its descriptor number can be added again.
RULE(close, while_registered, .takes = 1300ms, .needs = Need::closed_sources) {
    // Whether select() ran before the source was closed, and whether it runs before the descriptor number is reused.
    for (const auto& [known, selects] : {std::pair(true, true), std::pair(false, true), std::pair(false, false)}) {
        for (const Mode mode : modes()) {
            CIRCUMSTANCE(describe(mode) + (known ? ", waited for" : "") + (selects ? ", select() runs" : ""));
            const auto other = make_pair(Kind::local);
            add(other.near, {Token{1}, Ready::readable, mode});
            auto lost = make_pair(Kind::local);
            add(lost.near, {Token{2}, Ready::readable, mode});
            if (known) expect_quiet();
            const Source number = lost.near;
            lost.near.close();
            if (selects) {
                expect_no_spin();
                expect_idle(200ms);
            }
            send(other.far);
            expect_event(Token{1}, Ready::readable);
            remove(other.near);
            auto reopened = make_pair(Kind::local);
            reopened.near = renumber(std::move(reopened.near), number);
            static_cast<void>(registrator().remove(number)); // either result is allowed: it depends on the kernel
            send(reopened.far);
            add(number, {Token{3}, Ready::readable, mode});
            expect_event(Token{3}, Ready::readable);
            remove(number);
        }
    }
}

// A call that fails changes nothing: all watches behave as before.
RULE(failure, changes_nothing, .needs = Need::level) {
    const auto ready = make_pair(Kind::local);
    const auto quiet = make_pair(Kind::local);
    const auto stranger = make_pair(Kind::local);
    auto gone = make_pair(Kind::local);
    const Source closed = gone.near;
    gone.near.close();
    const Watch good{Token{9}, Ready::readable, Mode::level};
    const Watch reserved{wake_token, Ready::readable, Mode::level};
    const Watch strange{Token{9}, Ready::readable, static_cast<Mode>(77)};
    add(ready.near, {Token{1}, Ready::readable, Mode::level});
    add(quiet.near, {Token{2}, Ready::readable, Mode::level});
    send(ready.far);
    send(stranger.far);
    auto& registrator = this->registrator();
    const std::vector<std::function<std::error_code()>> failures{
        [&] { return registrator.add(ready.near, good); },
        [&] { return registrator.add(quiet.near, good); },
        [&] { return registrator.add(closed, good); },
        [&] { return registrator.add(stranger.near, reserved); },
        [&] { return registrator.add(stranger.near, strange); },
        [&] { return registrator.modify(closed, good); },
        [&] { return registrator.modify(stranger.near, good); },
        [&] { return registrator.modify(ready.near, reserved); },
        [&] { return registrator.modify(ready.near, strange); },
        [&] { return registrator.modify(quiet.near, strange); },
        [&] { return registrator.remove(stranger.near); },
        [&] { return registrator.remove(closed); },
        [&] { return registrator.add(Owned::none, good); },
        [&] { return registrator.remove(Owned::none); },
    };
    for (std::size_t i = 0; i < failures.size(); ++i) {
        CIRCUMSTANCE("failing call " + std::to_string(i));
        expect(static_cast<bool>(failures[i]()), "expected: an error, seen: success");
        expect_event(Token{1}, Ready::readable);
    }
    expect_unknown(stranger.near);
    drain(ready.near);
    expect_quiet();
    send(quiet.far);
    expect_event(Token{2}, Ready::readable);
}

void link_changing_rules() {}

} // namespace pollux::conformance
