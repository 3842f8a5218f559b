// SPDX-License-Identifier: BSL-1.0
// Rules that need POSIX: signals, fork(), and a limit of descriptors that a process can lower.
#include "../interruptions.hpp"
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <csignal>
#include <pthread.h>

namespace pollux::conformance {

// A signal may end select() without an event and without an error; no event is lost or reported twice.
RULE(signal, returns) {
    const Interruptions interruptions;
    constexpr int rounds = 300;
    const auto pair = make_pair(Kind::local);
    const pthread_t selecting = pthread_self();
    std::atomic<int> collected = 0;
    std::atomic<bool> stop = false;
    add(pair.near, {Token{1}, Ready::readable, any_mode()});
    Thread writer([&] {
        for (int round = 0; round < rounds && !stop; ++round) {
            for (int i = 0; i < round % 4; ++i) pthread_kill(selecting, SIGUSR1);
            write(pair.far, "x");
            pthread_kill(selecting, SIGUSR1);
            while (collected <= round && !stop) std::this_thread::yield();
        }
    });
    // No expect() before the writer was stopped: a failure that throws would join it first.
    std::string fault;
    std::vector<Event> buffer(4);
    std::error_code error;
    for (int round = 0; round < rounds && fault.empty(); ++round) {
        const auto end = std::chrono::steady_clock::now() + patience;
        std::size_t events = 0;
        while (events == 0 && !error && std::chrono::steady_clock::now() < end) {
            events = selector().select(buffer, patience, error).size();
        }
        if (error) {
            fault = describe(error);
        } else if (events != 1) {
            fault = std::to_string(events) + " events";
        } else if (any_mode() != Mode::level && !selector().select(buffer, 0ns, error).empty()) {
            fault = "a second event";
        }
        drain(pair.near);
        modify(pair.near, {Token{1}, Ready::readable, any_mode()});
        collected = round + 1;
    }
    stop = true;
    writer.join();
    expect(fault.empty(), "expected: one event for each arrival, and no error, seen: " + fault);
}

// A forked child that only exits or calls exec() leaves the parent's watches intact.
RULE(fork, parent_unharmed) {
    for (const Ending ending : {Ending::exit, Ending::exec}) {
        for (const Mode mode : modes()) {
            CIRCUMSTANCE(describe(mode));
            const auto pair = make_pair(Kind::local);
            add(pair.near, {Token{1}, Ready::readable, mode});
            expect(run_child(ending), "expected: the child exits with status 0");
            expect_quiet();
            send(pair.far);
            expect_event(Token{1}, Ready::readable);
            wake();
            expect(!select().empty(), "expected: a wake or the source, seen: nothing");
            remove(pair.near);
            while (!select(moment).empty()) {}
        }
    }
}

// open() without free descriptors returns an error and the step that failed, leaks nothing, and succeeds later.
RULE(open, limits) {
    const auto before = open_descriptors();
    int refused = 0;
    for (std::size_t left = 0; left < 16; ++left) {
        OpenFailure failure;
        std::unique_ptr<Selector> opened;
        {
            const DescriptorLimit limit(left);
            opened = subject().open(failure);
        }
        if (opened) break;
        ++refused;
        expect_error(std::errc::too_many_files_open, failure.error());
        expect(!failure.step().empty(), "expected: the step that failed");
        expect(open_descriptors() == before, "expected: the same descriptors as before");
    }
    const auto opened = open();
    expect(opened != nullptr, "expected: a later open() succeeds");
    if (open_descriptors() != before) expect(refused > 0, "expected: without a free descriptor, open() fails");
}

// accept() fails if no file descriptor is free; the connection stays queued, and is accepted when a descriptor is free.
RULE(accept, no_descriptor) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto listening = listener();
        const Watch watch{Token{1}, Ready::readable, mode};
        add(listening, watch);
        const auto client = connect_to(listening);
        expect_event(Token{1}, Ready::readable);
        std::error_code error;
        {
            const DescriptorLimit none(0);
            accept(listening, error);
            expect_error(std::errc::too_many_files_open, error);
            if (mode != Mode::level) modify(listening, watch);
            expect_event(Token{1}, Ready::readable);
        }
        accept(listening, error);
        expect_error(std::errc{}, error);
        expect_quiet();
        remove(listening);
    }
}

void link_posix_rules() {}

} // namespace pollux::conformance
