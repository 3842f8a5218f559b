// SPDX-License-Identifier: BSL-1.0
// Rules on what calls leave behind that fail, or are repeated for long.
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <functional>

namespace pollux::conformance {
namespace {

/// What a process holds, as numbers: memory of this object would count as heap.
struct Holdings {
    std::size_t descriptors = open_descriptors().size();
    std::size_t threads = thread_count();
    std::size_t heap = heap_bytes();
};

/// Returns what `times` calls have left behind.
std::string left_behind_by(int times, const std::function<void()>& use) {
    const Holdings before;
    for (int i = 0; i < times; ++i) {
        use();
        if (i % 64 == 0) Recorder::current().note_progress();
    }
    const Holdings after;
    if (after.descriptors > before.descriptors)
        return std::to_string(after.descriptors - before.descriptors) + " descriptors more";
    if (after.threads > before.threads) return std::to_string(after.threads - before.threads) + " threads more";
    // Not exact: what is freed may be in another thread's cache.
    const auto noise = std::min<std::size_t>(16'000, 2'000 + 8 * static_cast<std::size_t>(times));
    if (after.heap > before.heap + noise) return std::to_string(after.heap - before.heap) + " bytes of heap more";
    return {};
}

/// Returns what repeated calls have left behind. What is allocated only once, by the first calls or later, is no leak:
/// a leak is there each time.
std::string left_behind(int times, const std::function<void()>& use) {
    for (int i = 0; i < times / 10; ++i) use();
    std::string left = left_behind_by(times, use);
    for (int again = 0; again < 2 && !left.empty(); ++again) left = left_behind_by(times, use);
    return left;
}

} // namespace

// 10,000 repeats of calls that fail leave descriptors, threads and memory as before: add(), modify() and remove() with
// each documented error, and select() without a buffer.
RULE(failure, leaks_nothing) {
    const auto pair = make_pair(Kind::local), stranger = make_pair(Kind::local);
    const auto pipe = make_pair(Kind::pipe);
    const auto file = open_file();
    const auto mode = modes().front();
    const Watch watch{Token{1}, Ready::readable, mode};
    add(pair.near, watch);
    const auto never_open = static_cast<Source>(-1);
    const auto unwatched = std::errc::no_such_file_or_directory;
    const auto closed = [] {
        auto once = make_pair(Kind::local);
        return once.near.get();
    }();
    const std::pair<const char*, std::function<bool()>> calls[] = {
        {"add() of a source that is watched",
         [&] { return registrator().add(pair.near, watch) == std::errc::file_exists; }},
        {"add() of no source", [&] { return bool(registrator().add(never_open, watch)); }},
        {"add() of a closed source",
         [&] { return registrator().add(closed, watch) == std::errc::bad_file_descriptor; }},
        {"add() with wake_token",
         [&] {
             return bool(registrator().add(stranger.near, {wake_token, Ready::readable, mode}));
         }},
        {"add() in no mode",
         [&] {
             return bool(registrator().add(stranger.near, {Token{1}, Ready::readable, static_cast<Mode>(99)}));
         }},
        {"add() in a mode, of a file or pipe that may be refused",
         [&] {
             for (const auto& source : {stranger.near.get(), pipe.near.get(), file.get()}) {
                 for (const Mode any : {Mode::oneshot, Mode::level, Mode::edge}) {
                     if (!registrator().add(source, {Token{1}, Ready::readable, any}))
                         static_cast<void>(registrator().remove(source));
                     if (!registrator().add(source, {Token{1}, Ready::priority, any}))
                         static_cast<void>(registrator().remove(source));
                 }
             }
             return true;
         }},
        {"modify() of a source that is not watched",
         [&] { return registrator().modify(stranger.near, watch) == unwatched; }},
        {"modify() with wake_token",
         [&] {
             return bool(registrator().modify(pair.near, {wake_token, Ready::readable, mode}));
         }},
        {"remove() of a source that is not watched", [&] { return registrator().remove(stranger.near) == unwatched; }},
        {"select() without a buffer",
         [&] {
             std::error_code error;
             selector().select({}, Timeout(0ns), error);
             return error == std::errc::invalid_argument;
         }},
    };
    for (const auto& [name, fails] : calls) {
        bool has_failed_each_time = true;
        const auto left =
            left_behind(Budget::is_brief() ? 1'000 : 10'000, [&, &call = fails] { has_failed_each_time &= call(); });
        expect(has_failed_each_time, std::string("expected: the documented error of ") + name);
        expect(left.empty(), std::string("expected: nothing is left of ") + name + ", seen: " + left);
    }
    send(pair.far);
    expect_event(Token{1}, Ready::readable);
}

// 10,000 rounds of changes, sleeps, events and wakes leave descriptors, threads and memory of a Selector as before.
RULE(selector, no_growth) {
    const auto pair = make_pair(Kind::local);
    const auto file = open_file(); // may be refused by the backend
    std::size_t round = 0;
    const auto left = left_behind(Budget::is_brief() ? 1'000 : 10'000, [&] {
        const Mode mode = modes()[++round % modes().size()];
        add(pair.near, {Token{1}, Ready::readable, mode});
        const bool has_file = !registrator().add(file, {Token{2}, Ready::readable, mode});
        send(pair.far);
        wake();
        for (std::size_t seen = 0; seen < (has_file ? 3U : 2U);) {
            const auto events = select();
            if (events.empty()) return;
            seen += events.size();
        }
        modify(pair.near, {Token{3}, Ready::none, mode});
        if (has_file) remove(file);
        drain(pair.near);
        if (round % 16 == 0) select(100us);
        remove(pair.near);
        while (!select(0ns).empty()) {}
    });
    expect(left.empty(), "expected: nothing more than before, seen: " + left);
}

#ifndef _WIN32

// open() that fails for want of descriptors, at each step, leaves neither descriptors nor threads nor memory behind,
// however often it is repeated; nor does add() without a free descriptor, which succeeds or changes nothing.
RULE(open, failure_leaks_nothing) {
    const auto pair = make_pair(Kind::local);
    const auto file = open_file();
    const int times = Budget::is_brief() ? 100 : 1'000;
    for (std::size_t free = 0; free < 16; ++free) {
        CIRCUMSTANCE(std::to_string(free) + " free descriptors");
        bool has_opened = false;
        const auto left = left_behind(times, [&] {
            OpenFailure failure;
            const DescriptorLimit limit(free);
            has_opened = has_opened || subject().open(failure) != nullptr;
        });
        if (has_opened) break;
        expect(left.empty(), "expected: nothing is left of open(), seen: " + left);
    }
    const auto left = left_behind(times, [&] {
        const DescriptorLimit none(0);
        for (const Source source : {pair.near.get(), file.get()}) {
            if (!registrator().add(source, {Token{1}, Ready::readable, modes().front()})) {
                select(0ns);
                remove(source);
            }
            expect_unknown(source);
        }
    });
    expect(left.empty(), "expected: nothing is left of add(), seen: " + left);
}

#endif

void link_leaks_rules() {}

} // namespace pollux::conformance
