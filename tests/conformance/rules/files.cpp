// SPDX-License-Identifier: BSL-1.0
// Sources that are no sockets, and duplicates.
#include "../rule.hpp"
#include "../rule_files.hpp"

namespace pollux::conformance {

// A file or directory is refused with operation_not_permitted, or always ready, as the capability says.
RULE(add, regular_file) {
    const auto file = open_file();
    const auto directory = open_directory();
    for (const Source source : {file.get(), directory.get()}) {
        for (const Mode mode : modes()) {
            SCOPED_TRACE(describe(mode));
            const Watch watch{Token{1}, Ready::readable, mode};
            if (!capabilities().files) {
                expect_error(std::errc::operation_not_permitted, registrator().add(source, watch));
                expect_error(std::errc::no_such_file_or_directory, registrator().modify(source, watch));
                expect_unknown(source);
                expect_quiet();
                continue;
            }
            add(source, watch);
            expect_event(Token{1}, Ready::readable);
            if (mode == Mode::level) expect_event(Token{1}, Ready::readable);
            modify(source, watch);
            expect_event(Token{1}, Ready::readable);
            remove(source);
        }
    }
    if (!capabilities().files) declare_unsupported(capabilities().files);
}

// A descriptor and its dup() are two sources: both are reported, each with its token.
RULE(add, dup) {
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

// A pipe that is empty and has lost its last writer is readable: the read gives the end.
RULE(end, pipe_writer_gone) {
    if (!offers_pipes()) return;
    for (const Mode mode : modes()) {
        SCOPED_TRACE(describe(mode));
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

// A full pipe that has lost its reader, before it was added or after, is reported to the writer, as writable or failed:
// the write shows the error.
RULE(end, pipe_reader_gone) {
    if (!offers_pipes()) return;
    for (const Mode mode : modes()) {
        for (const bool before : {true, false}) {
            SCOPED_TRACE(describe(mode) + (before ? ", added before" : ", added after"));
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
