// SPDX-License-Identifier: BSL-1.0
// Rules on add().
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <array>

namespace pollux::conformance {

// When data arrives, select() reports the registered token and readable, and nothing else.
RULE(add, reports) {
    for (const Kind kind : kinds()) {
        for (const Mode mode : modes()) {
            CIRCUMSTANCE(std::string(name_of(kind)) + ", " + describe(mode));
            const auto pair = make_pair(kind);
            add(pair.near, {Token{7}, Ready::readable, mode});
            expect_quiet();
            send(pair.far);
            expect_event(Token{7}, Ready::readable);
            remove(pair.near);
        }
    }
}

// A source that is ready when it is added is reported by the next select(), in each mode.
RULE(add, already_ready) {
    for (const Kind kind : kinds()) {
        for (const Mode mode : modes()) {
            CIRCUMSTANCE(std::string(name_of(kind)) + ", " + describe(mode));
            const auto pair = make_pair(kind);
            send(pair.far);
            add(pair.near, {Token{7}, Ready::readable, mode});
            expect_event(Token{7}, Ready::readable);
            remove(pair.near);
        }
    }
}

// A source that another thread adds while select() sleeps is reported without a call of wake().
RULE(add, while_asleep, .needs = Need::any_thread) {
    for (int round = 0; round < 10 && !has_failed(); ++round) {
        const auto pair = make_pair(round % 2 == 0 ? Kind::tcp : Kind::local);
        Sleeper sleeper(selector());
        send(pair.far);
        add(pair.near, {Token{7}, Ready::readable, any_mode()});
        const auto seen = sleeper.events();
        expect(seen.size() == 1 && seen[0].token == Token{7}, "expected: {token 7, readable}, seen: " + describe(seen));
        remove(pair.near);
    }
}

// A second add() of a source returns file_exists and leaves the first watch with its token, interest and mode.
RULE(add, duplicate) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto pair = make_pair(Kind::local);
        add(pair.near, {Token{1}, Ready::readable, mode});
        for (const Mode other : modes()) {
            expect_error(std::errc::file_exists, registrator().add(pair.near, {Token{2}, both_directions, other}));
        }
        expect_quiet();
        send(pair.far);
        expect_event(Token{1}, Ready::readable);
        if (mode == Mode::level) {
            expect_event(Token{1}, Ready::readable);
        } else {
            expect_quiet();
        }
        remove(pair.near);
    }
}

// add() and modify() return bad_file_descriptor at once for a source that is not open: -1, a descriptor never opened,
// or a closed one.
RULE(add, not_open) {
    auto pair = make_pair(Kind::local);
    const Source closed = pair.near.get();
    pair.near.close();
    for (const Source source : {Owned::none, static_cast<Source>(1'000'000), closed}) {
        CIRCUMSTANCE("source " + std::to_string(source));
        for (const Mode mode : modes()) {
            const Watch watch{Token{1}, Ready::readable, mode};
            expect_error(std::errc::bad_file_descriptor, registrator().add(source, watch));
            expect_error(std::errc::bad_file_descriptor, registrator().modify(source, watch));
        }
    }
    expect_quiet();
}

// add() and modify() refuse a mode that the backend does not offer with operation_not_supported, and register nothing.
RULE(add, mode_not_offered) {
    const auto pair = make_pair(Kind::local);
    send(pair.far);
    std::vector<Mode> refused{static_cast<Mode>(3), static_cast<Mode>(255)};
    for (const Mode mode : {Mode::oneshot, Mode::level, Mode::edge}) {
        const auto offered = modes();
        if (std::find(offered.begin(), offered.end(), mode) == offered.end()) refused.push_back(mode);
    }
    for (const Mode mode : refused) {
        CIRCUMSTANCE(describe(mode));
        expect_error(std::errc::operation_not_supported,
                     registrator().add(pair.near, {Token{1}, Ready::readable, mode}));
        expect_unknown(pair.near);
    }
    expect_quiet();
    add(pair.near, {Token{2}, Ready::readable, any_mode()});
    for (const Mode mode : refused) {
        expect_error(std::errc::operation_not_supported,
                     registrator().modify(pair.near, {Token{3}, Ready::none, mode}));
    }
    expect_event(Token{2}, Ready::readable);
}

// Tokens are returned unchanged, whatever their bits (0, 1, 2^32, 2^63, 2^64-2^16-1), each with the ready set of its
// own source.
RULE(add, tokens) {
    for (const std::uint64_t bits : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32, std::uint64_t{1} << 63,
                                     ~std::uint64_t{0} - 0x10000}) {
        for (const Mode mode : modes()) {
            const auto pair = make_pair(Kind::local);
            send(pair.far);
            add(pair.near, {Token{bits}, Ready::readable, mode});
            expect_event(Token{bits}, Ready::readable);
            remove(pair.near);
        }
    }
    const auto pair = make_pair(Kind::local);
    send(pair.far);
    add(pair.near, {Token{1}, Ready::readable, any_mode()});
    add(pair.far, {Token{2}, Ready::writable, any_mode()});
    const auto seen = select();
    const auto is_right = [](const Event& event) {
        return event.ready == (event.token == Token{1} ? Ready::readable : Ready::writable);
    };
    expect(seen.size() == 2 && seen[0].token != seen[1].token && std::all_of(seen.begin(), seen.end(), is_right),
           "expected: {token 1, readable} {token 2, writable}, seen: " + describe(seen));
}

// add() and modify() refuse the token of wakes with invalid_argument, and change nothing.
RULE(add, wake_token) {
    const auto pair = make_pair(Kind::local);
    send(pair.far);
    for (const Mode mode : modes()) {
        const Watch reserved{wake_token, Ready::readable, mode};
        expect_error(std::errc::invalid_argument, registrator().add(pair.near, reserved));
        expect_unknown(pair.near);
        add(pair.near, {Token{1}, Ready::readable, mode});
        expect_error(std::errc::invalid_argument, registrator().modify(pair.near, reserved));
        expect_event(Token{1}, Ready::readable);
        remove(pair.near);
    }
}

// add() and modify() refuse the highest 2^16 tokens with invalid_argument, and change nothing.
RULE(add, reserved_token) {
    const auto pair = make_pair(Kind::local);
    send(pair.far);
    for (const std::uint64_t bits : {~std::uint64_t{0} - 0xffff, ~std::uint64_t{0} - 0x8000, ~std::uint64_t{0} - 1}) {
        const Watch reserved{Token{bits}, Ready::readable, any_mode()};
        expect_error(std::errc::invalid_argument, registrator().add(pair.near, reserved));
        expect_unknown(pair.near);
        add(pair.near, {Token{1}, Ready::readable, any_mode()});
        expect_error(std::errc::invalid_argument, registrator().modify(pair.near, reserved));
        expect_event(Token{1}, Ready::readable);
        remove(pair.near);
    }
}

// A watch with an empty interest, or with hints only, is paused: it is registered and not reported, even if its source
// ends.
RULE(add, no_interest) {
    for (const Ready nothing : {Ready::none, Ready::closed, Ready::failed, Ready::expired}) {
        for (const Mode mode : modes()) {
            CIRCUMSTANCE(describe(nothing) + ", " + describe(mode));
            const auto pair = make_pair(Kind::local);
            add(pair.near, {Token{1}, nothing, mode});
            send(pair.far);
            expect_quiet();
            expect_error(std::errc::file_exists, registrator().add(pair.near, {Token{2}, Ready::readable, mode}));
            modify(pair.near, {Token{3}, Ready::readable, mode});
            expect_event(Token{3}, Ready::readable);
            remove(pair.near);
            auto ended = make_pair(Kind::tcp);
            reset(ended.far);
            wait_for_hang_up(ended.near);
            add(ended.near, {Token{4}, nothing, mode});
            expect_quiet();
            remove(ended.near);
        }
    }
}

// A source that two Selectors watch in level mode is reported by both.
RULE(add, two_selectors, .needs = Need::level) {
    const auto pair = make_pair(Kind::local);
    const auto other = open();
    if (!other) return;
    add(pair.near, {Token{1}, Ready::readable, Mode::level});
    expect_error(std::errc{}, other->registrator().add(pair.near, {Token{2}, Ready::readable, Mode::level}));
    send(pair.far);
    for (int round = 0; round < 3; ++round) {
        expect_event(Token{1}, Ready::readable);
        std::array<Event, 4> buffer{};
        std::error_code error;
        const auto seen = other->select(buffer, patience, error);
        expect(seen.size() == 1 && seen[0].token == Token{2}, "expected: {token 2, readable}, seen: " + describe(seen));
    }
}

// add() and all later calls leave O_NONBLOCK and the other flags of the source unchanged.
RULE(add, does_not_change_the_source, .needs = Need::unchanged_sources) {
    for (const bool blocking : {false, true}) {
        for (const Kind kind : kinds()) {
            const auto pair = make_pair(kind);
            set_blocking(pair.near, blocking);
            const auto before = flags_of(pair.near);
            for (const Mode mode : modes()) {
                add(pair.near, {Token{1}, Ready::readable, mode});
                send(pair.far);
                expect_event(Token{1}, Ready::readable);
                modify(pair.near, {Token{1}, Ready::none, mode});
                remove(pair.near);
                expect(flags_of(pair.near) == before, "expected: flags " + before + ", seen: " + flags_of(pair.near));
            }
        }
    }
}

void link_adding_rules() {}

} // namespace pollux::conformance
