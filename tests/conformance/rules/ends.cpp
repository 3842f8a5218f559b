// SPDX-License-Identifier: BSL-1.0
// Rules on the ends and errors of streams.
#include "../rule.hpp"
#include "../rule_files.hpp"
#include "../source_ends.hpp"

namespace pollux::conformance {

// A source whose peer closes or shuts down writing is reported as readable, and a read returns the end of the stream.
RULE(end, of_stream) {
    for (const Kind kind : {Kind::tcp, Kind::local}) {
        for (const Mode mode : modes()) {
            for (const bool by_close : {true, false}) {
                CIRCUMSTANCE(std::string(name_of(kind)) + ", " + describe(mode));
                auto pair = make_pair(kind);
                add(pair.near, {Token{1}, Ready::readable, mode});
                expect_quiet();
                if (by_close) {
                    pair.far.close();
                } else {
                    shut_down_writing(pair.far);
                }
                expect_any(Token{1}, Ready::readable);
                const auto [bytes, error] = read(pair.near);
                expect(bytes == 0 && !error, "expected: the end of the stream, seen: " + describe(error));
                remove(pair.near);
            }
        }
    }
}

// Data that was sent before the end of the stream can be read before the end.
RULE(end, after_data) {
    for (const Kind kind : kinds()) {
        for (const Mode mode : modes()) {
            CIRCUMSTANCE(std::string(name_of(kind)) + ", " + describe(mode));
            auto pair = make_pair(kind);
            const Watch watch{Token{1}, Ready::readable, mode};
            add(pair.near, watch);
            send(pair.far, "last words");
            pair.far.close();
            expect_any(Token{1}, Ready::readable);
            expect(read(pair.near, 5).bytes == 5, "expected: the data before the end");
            modify(pair.near, watch);
            expect_any(Token{1}, Ready::readable);
            expect(read(pair.near, 99).bytes == 5, "expected: the rest of the data before the end");
            modify(pair.near, watch);
            expect_any(Token{1}, Ready::readable);
            expect(read(pair.near).bytes == 0, "expected: the end of the stream");
            remove(pair.near);
        }
    }
}

// After a connection reset each watch for readable, writable or priority is reported with the conditions of its
// interest, and the read or write returns the error.
RULE(end, reset) {
    for (const Ready interest : {Ready::readable, Ready::writable, both_directions, Ready::priority}) {
        if (interest == Ready::priority && !capabilities().priority) continue;
        for (const Mode mode : modes()) {
            for (const bool before : {true, false}) {
                CIRCUMSTANCE(describe(interest) + ", " + describe(mode) +
                             (before ? ", added before" : ", added after"));
                auto pair = make_pair(Kind::tcp);
                const Watch watch{Token{1}, interest, mode};
                const bool writes = any(interest & Ready::writable);
                if (before) add(pair.near, watch);
                if (before && writes) expect_event(Token{1}, Ready::writable);
                reset(pair.far);
                wait_for_hang_up(pair.near);
                if (!before) add(pair.near, watch);
                if (before && writes && mode == Mode::oneshot) modify(pair.near, watch); // spent by the first event
                // Out-of-band data is read, so its direction is reading.
                const Ready seen =
                    expect_any(Token{1}, interest == Ready::priority ? interest | Ready::readable : interest);
                const bool reads = any(seen & (Ready::readable | Ready::priority));
                const auto outcome = reads ? read(pair.near) : write(pair.near, "x");
                const bool shows_the_end = outcome.bytes == 0 && any(seen & (Ready::closed | Ready::failed));
                expect(outcome.error || (shows_the_end && deviates()), "expected: the error, seen: success");
                remove(pair.near);
            }
        }
    }
}

// A peer that shut down its sending half does not make a one-shot or edge watch for writable only spin.
RULE(end, half_closed) {
    for (const Mode mode : modes()) {
        if (mode == Mode::level) continue;
        for (const Kind kind : {Kind::tcp, Kind::local}) {
            CIRCUMSTANCE(std::string(name_of(kind)) + ", " + describe(mode));
            const auto pair = make_pair(kind);
            add(pair.near, {Token{1}, Ready::writable, mode});
            expect_event(Token{1}, Ready::writable);
            shut_down_writing(pair.far);
            expect_no_spin();
            modify(pair.near, {Token{1}, Ready::writable, mode});
            expect_any(Token{1}, Ready::writable);
            expect_no_spin();
            fill(pair.near);
            modify(pair.near, {Token{1}, Ready::writable, mode});
            expect_no_spin();
            remove(pair.near);
        }
    }
}

// After its source has ended or failed, a watch of any mode and interest is reported, or select() sleeps without a use
// of processor time; one-shot and edge watches are reported a few times at most.
RULE(end, no_spin, .takes = 1300ms) {
    for (const auto& ending : source_ends(capabilities())) {
        for (const Ready interest : {Ready::readable, Ready::writable, Ready::priority}) {
            if (interest == Ready::priority && !capabilities().priority) continue;
            for (const Mode mode : modes()) {
                CIRCUMSTANCE(ending.name + ", " + describe(interest) + ", " + describe(mode));
                auto pair = ending.make();
                const Watch watch{Token{1}, interest, mode};
                add(pair.near, watch);
                select(0ns);
                ending.end(pair);
                expect_events_or_sleep(mode == Mode::level);
                modify(pair.near, watch);
                expect_events_or_sleep(mode == Mode::level);
                remove(pair.near);
            }
        }
    }
}

// The hints closed and failed are never reported for a healthy source.
RULE(hints, are_true) {
    for (const Kind kind : {Kind::tcp, Kind::local}) {
        for (const Mode mode : modes()) {
            CIRCUMSTANCE(std::string(name_of(kind)) + ", " + describe(mode));
            const auto pair = make_pair(kind);
            const Watch watch{Token{1}, both_directions, mode};
            add(pair.near, watch);
            for (int round = 0; round < 20; ++round) {
                expect_event(Token{1}, round == 0 ? Ready::writable : both_directions);
                send(pair.far);
                wait_for_data(pair.near);
                if (round % 3 == 0) send(pair.near);
                if (round % 5 == 0) drain(pair.far);
                modify(pair.near, watch);
            }
            remove(pair.near);
        }
    }
}

// A datagram socket is readable when a datagram of zero bytes is queued.
RULE(datagram, empty) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto receiver = udp_socket();
        const auto sender = udp_socket(receiver);
        add(receiver, {Token{1}, Ready::readable, mode});
        expect_quiet();
        send_datagram(sender, "");
        expect_event(Token{1}, Ready::readable);
        const auto [bytes, error] = read(receiver);
        expect(bytes == 0 && !error, "expected: an empty datagram, seen: " + describe(error));
        expect_quiet();
        remove(receiver);
    }
}

// A datagram that is refused causes one event; after one read has returned the error the socket is not reported.
RULE(datagram, refused) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto sender = udp_socket_to_closed_port();
        add(sender, {Token{1}, Ready::readable, mode});
        expect_quiet();
        send_datagram(sender, "refused");
        expect_any(Token{1}, Ready::readable);
        const auto error = read(sender).error;
        const bool is_swallowed = error == std::errc::operation_would_block && deviates();
        if (!is_swallowed) expect_error(std::errc::connection_refused, error);
        expect_quiet();
        remove(sender);
    }
}

// An out-of-band byte is reported to a watch for priority.
RULE(priority, asked) {
    const auto pair = make_pair(Kind::tcp);
    if (!capabilities().priority) {
        expect_error(std::errc::operation_not_supported, registrator().add(pair.near, {Token{1}, Ready::priority}));
        expect_unknown(pair.near);
        return declare_unsupported(capabilities().priority);
    }
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto fresh = make_pair(Kind::tcp);
        add(fresh.near, {Token{1}, Ready::priority, mode});
        send(fresh.far);
        expect_no_spin(); // ordinary data is not in the interest
        write_urgent(fresh.far);
        expect_event(Token{1}, Ready::priority);
        remove(fresh.near);
    }
}

// An out-of-band byte does not make a watch for readable only spin.
RULE(priority, unasked) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto pair = make_pair(Kind::tcp);
        add(pair.near, {Token{1}, Ready::readable, mode});
        write_urgent(pair.far);
        expect_no_spin();
        remove(pair.near);
    }
}

void link_ends_rules() {}

} // namespace pollux::conformance
