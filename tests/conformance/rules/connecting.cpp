// SPDX-License-Identifier: BSL-1.0
// Rules on connect() and accept().
#include "../rule.hpp"
#include "../rule_files.hpp"

namespace pollux::conformance {
namespace {

/// A connection that cannot be completed before an accept(), and those that fill the listener's queue. `pending` owns
/// nothing if this system never keeps a connection waiting.
struct Waiting {
    Owned listening = listener(0);
    std::vector<Owned> queued;
    Owned pending;

    Waiting() {
        for (int i = 0; i < 8 && pending == Owned::none; ++i) {
            auto client = connect_to(listening);
            for (int attempt = 0; attempt < 20 && is_connecting(client); ++attempt) std::this_thread::sleep_for(1ms);
            (is_connecting(client) ? pending : queued.emplace_back()) = std::move(client);
        }
    }
};

} // namespace

// A socket that was never connected does not make a one-shot or edge watch spin.
RULE(unconnected, no_spin) {
    for (const Mode mode : modes()) {
        if (mode == Mode::level) continue;
        for (const Ready interest : {Ready::readable, Ready::writable, both_directions}) {
            CIRCUMSTANCE(describe(interest) + ", " + describe(mode));
            const auto socket = unconnected_tcp_socket();
            add(socket, {Token{1}, interest, mode});
            expect_no_spin();
            remove(socket);
        }
    }
}

// A socket whose connect() succeeds is reported as writable once, not before the connection is complete, and SO_ERROR
// is 0.
RULE(connect, succeeds, .takes = 1000ms) {
    Waiting waiting;
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto listening = listener();
        const auto client = connect_to(listening);
        add(client, {Token{1}, Ready::writable, mode});
        expect_event(Token{1}, Ready::writable);
        expect_error(std::errc{}, take_error(client));
        if (mode != Mode::level) expect_quiet();
        remove(client);
    }
    if (waiting.pending == Owned::none) {
        return record("cut_short", "this system completes each connection at once, none is pending");
    }
    add(waiting.pending, {Token{2}, Ready::writable, any_mode()});
    expect_quiet();
    std::error_code error;
    while (accept(waiting.listening, error) != Owned::none) {}
    expect_event(Token{2}, Ready::writable);
    expect_error(std::errc{}, take_error(waiting.pending));
    if (any_mode() != Mode::level) expect_quiet();
}

// A socket whose connect() was refused is reported as writable, and SO_ERROR is the refusal.
RULE(connect, refused) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto client = connect_to_closed_port();
        add(client, {Token{1}, Ready::writable, mode});
        expect_any(Token{1}, Ready::writable);
        expect_error(std::errc::connection_refused, take_error(client));
        remove(client);
    }
}

// A listener is reported as readable when a connection is queued.
RULE(accept, ready) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto listening = listener();
        const Watch watch{Token{1}, Ready::readable, mode};
        add(listening, watch);
        for (int round = 0; round < 3; ++round) {
            expect_quiet();
            const auto client = connect_to(listening);
            expect_event(Token{1}, Ready::readable);
            std::error_code error;
            accept(listening, error);
            expect_error(std::errc{}, error);
            if (mode == Mode::oneshot) modify(listening, watch);
        }
        remove(listening);
    }
}

// A level-triggered listener is reported until every queued connection has been accepted.
RULE(accept, repeats) {
    if (!offers(Mode::level)) return;
    const auto listening = listener();
    add(listening, {Token{1}, Ready::readable, Mode::level});
    std::vector<Owned> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(connect_to(listening));
    for (int i = 0; i < 3; ++i) {
        expect_event(Token{1}, Ready::readable);
        expect_event(Token{1}, Ready::readable);
        std::error_code error;
        accept(listening, error);
        expect_error(std::errc{}, error);
    }
    expect_quiet();
}

void link_connecting_rules() {}

} // namespace pollux::conformance
