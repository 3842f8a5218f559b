// SPDX-License-Identifier: BSL-1.0
// Rules on files, pipes and duplicates.
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <array>
#include <set>

namespace pollux::conformance {

// A regular file or directory is refused with operation_not_permitted or always ready, as the capability declares: if
// always ready, it is reported by each select() in level mode and once in one-shot and edge mode, and its watch is
// modified, paused and removed like any other.
RULE(add, regular_file, .takes = 700ms) {
    const auto file = open_file();
    const auto directory = open_directory();
    for (const Source source : {file.get(), directory.get()}) {
        for (const Mode mode : modes()) {
            CIRCUMSTANCE(describe(mode));
            const Watch watch{Token{1}, Ready::readable, mode};
            if (!capabilities().files) {
                expect_error(std::errc::operation_not_permitted, registrator().add(source, watch));
                expect_error(std::errc::no_such_file_or_directory, registrator().modify(source, watch));
                expect_unknown(source);
                expect_quiet();
                continue;
            }
            const auto expect_ready = [&](Token token) {
                expect_event(token, Ready::readable);
                if (mode == Mode::level) {
                    expect_event(token, Ready::readable);
                } else {
                    expect_full_wait();
                }
            };
            expect_error(std::errc::no_such_file_or_directory, registrator().modify(source, watch));
            expect_quiet();
            add(source, watch);
            expect_ready(Token{1});
            expect_error(std::errc::file_exists, registrator().add(source, {Token{2}, Ready::readable, mode}));
            modify(source, watch);
            expect_ready(Token{1});
            if (capabilities().oneshot) {
                modify(source, {Token{3}, both_directions, Mode::oneshot});
                expect_event(Token{3}, both_directions);
                expect_full_wait();
                expect_idle(20ms);
            }
            modify(source, {Token{3}, Ready::none, mode});
            expect_full_wait();
            modify(source, {Token{4}, Ready::readable, mode});
            expect_ready(Token{4});
            remove(source);
            expect_unknown(source);
            expect_full_wait();
            expect_idle(20ms);
        }
    }
    if (!capabilities().files) return declare_unsupported(capabilities().files);
    if (!capabilities().closed_sources) return;
    // Closed while it is registered, and its descriptor number reused.
    auto lost = open_file();
    const Source number = lost;
    for (const Mode mode : modes()) {
        add(lost, {Token{5}, Ready::readable, mode});
        auto pair = make_pair(Kind::local);
        lost.close();
        expect_no_spin();
        pair.near = renumber(std::move(pair.near), number);
        static_cast<void>(registrator().remove(number)); // either result is allowed
        add(number, {Token{6}, Ready::readable, mode});
        expect_full_wait();
        send(pair.far);
        expect_event(Token{6}, Ready::readable);
        remove(number);
        auto next = open_file();
        pair.near.close();
        lost = renumber(std::move(next), number);
    }
}

// Files, which are always ready, do not keep a wake or another source from being reported, and wakes and other sources
// do not keep files from being reported.
RULE(files, fair, .needs = Need::level) {
    if (!capabilities().files) return declare_unsupported(capabilities().files);
    const std::array<Owned, 3> files{open_file(), open_file(), open_directory()};
    const auto busy = make_pair(Kind::local);
    const auto other = make_pair(Kind::local);
    for (std::uint64_t i = 0; i < files.size(); ++i) add(files[i], {Token{i}, Ready::readable, Mode::level});
    send(busy.far);
    add(busy.near, {Token{3}, Ready::readable, Mode::level});
    add(other.near, {Token{4}, Ready::readable, Mode::level});
    for (int round = 0; round < 20; ++round) {
        for (int call = 0; call < round % 4; ++call) select(patience, 1);
        wake();
        send(other.far);
        std::set<Token> seen;
        for (int call = 0; call < 24; ++call) {
            for (const auto& event : select(patience, 1 + static_cast<std::size_t>(round) % 3))
                seen.insert(event.token);
        }
        expect(seen.size() == 6 && seen.count(wake_token) == 1,
               "expected: three files, two sockets and the wake within 24 calls, seen: " + std::to_string(seen.size()));
        drain(other.near);
    }
}

// A file that is added or resumed while another thread sleeps in select() ends the sleep; one that is removed or paused
// does not.
RULE(files, while_asleep, .needs = Need::any_thread) {
    if (!capabilities().files) return declare_unsupported(capabilities().files);
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto file = open_file();
        for (const bool is_resumed : {false, true}) {
            if (is_resumed) add(file, {Token{1}, Ready::none, mode});
            Sleeper sleeper(selector());
            if (is_resumed) {
                modify(file, {Token{1}, Ready::readable, mode});
            } else {
                add(file, {Token{1}, Ready::readable, mode});
            }
            const auto seen = sleeper.events();
            expect(seen.size() == 1 && seen[0].token == Token{1},
                   "expected: {token 1, readable}, seen: " + describe(seen));
            modify(file, {Token{1}, Ready::none, mode});
            Sleeper undisturbed(selector());
            if (is_resumed) {
                remove(file);
            } else {
                modify(file, {Token{1}, Ready::closed, mode});
                remove(file);
            }
            wake();
            const auto woken = undisturbed.events();
            expect(woken.size() == 1 && woken[0].token == wake_token,
                   "expected: only the wake, seen: " + describe(woken));
        }
    }
}

// While four threads add, modify and remove files beside select(), no call fails and no file is reported without end,
// and files that are watched afterwards are reported.
RULE(files, churn, .takes = 3600ms, .needs = Need::any_thread) {
    if (!capabilities().files) return declare_unsupported(capabilities().files);
    Budget budget(20'000);
    std::atomic<bool> stop = false;
    std::atomic<int> failures = 0;
    const auto file = open_file();
    {
        const auto change = [&](Mode mode) {
            const auto own = open_file();
            while (!stop) {
                if (registrator().add(own, {Token{1}, Ready::readable, mode})) ++failures;
                if (registrator().modify(own, {Token{1}, Ready::none, mode})) ++failures;
                if (registrator().modify(own, {Token{1}, both_directions, mode})) ++failures;
                if (registrator().remove(own)) ++failures;
            }
        };
        Thread first([&] { change(any_mode()); }), second([&] { change(modes().back()); });
        Thread third([&] { change(any_mode()); }), fourth([&] { change(modes().back()); });
        int round = 1;
        for (; budget.allows(round); ++round) select(moment, 1 + static_cast<std::size_t>(round) % 4);
        report_rounds(round - 1, budget);
        stop = true;
    }
    expect(failures == 0, "expected: no call fails, seen: " + std::to_string(failures.load()) + " failures");
    expect_full_wait();
    add(file, {Token{2}, Ready::readable, any_mode()});
    expect_event(Token{2}, Ready::readable);
}

// A descriptor and its dup() are two sources: both are reported, each with its own token.
RULE(add, dup, .needs = Need::level) {
    const auto pair = make_pair(Kind::local);
    const auto twin = duplicate(pair.near);
    add(pair.near, {Token{1}, Ready::readable, Mode::level});
    add(twin, {Token{2}, Ready::readable, Mode::level});
    send(pair.far);
    const auto seen = select();
    const bool both = seen.size() == 2 && seen[0].token != seen[1].token;
    expect(both, "expected: an event of token 1 and one of token 2, seen: " + describe(seen));
    remove(twin);
    expect_event(Token{1}, Ready::readable);
    remove(pair.near);
    expect_quiet();
}

// An empty pipe without a writer is reported as readable, and a read returns the end of the stream.
RULE(end, pipe_writer_gone) {
    if (!offers_pipes()) return;
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        auto pair = make_pair(Kind::pipe);
        add(pair.near, {Token{1}, Ready::readable, mode});
        expect_quiet();
        pair.far.close();
        expect_any(Token{1}, Ready::readable);
        const auto [bytes, error] = read(pair.near);
        expect(bytes == 0 && !error, "expected: the end of the stream");
        remove(pair.near);
    }
}

// A full pipe without a reader is reported to its writer as writable or failed, whether the reader was closed before or
// after add(), and a write returns the error.
RULE(end, pipe_reader_gone) {
    if (!offers_pipes()) return;
    for (const Mode mode : modes()) {
        for (const bool before : {true, false}) {
            CIRCUMSTANCE(describe(mode) + (before ? ", added before" : ", added after"));
            auto pair = make_pair(Kind::pipe);
            const Watch watch{Token{1}, Ready::writable, mode};
            fill(pair.far);
            if (before) {
                add(pair.far, watch);
                expect_quiet();
            }
            pair.near.close();
            if (!before) add(pair.far, watch);
            expect_any(Token{1}, Ready::writable | Ready::failed);
            const auto [bytes, error] = write(pair.far, "x");
            expect_error(std::errc::broken_pipe, error);
            if (mode == Mode::oneshot) expect_quiet();
            modify(pair.far, watch);
            expect_any(Token{1}, Ready::writable | Ready::failed);
            remove(pair.far);
            expect_quiet();
        }
    }
}

void link_files_rules() {}

} // namespace pollux::conformance
