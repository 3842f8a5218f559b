// SPDX-License-Identifier: BSL-1.0
// Rules on the resources of a Selector, and on their release.
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace pollux::conformance {

// 10,000 sources, or as many as the limit of descriptors allows, are added, all reported, and removed in random order,
// without a leak.
RULE(scale, many_sources, .takes = 800ms, .needs = Need::oneshot | Need::any_number) {
    // The other descriptors of the process, and those of the Selector, need some.
    const std::size_t count = std::min<std::size_t>(raise_descriptor_limit() - 64, 10'000) / 4 * 4;
    std::vector<Pair> pairs;
    std::vector<Source> sources;
    for (std::size_t i = 0; i < count / 2; ++i) {
        pairs.push_back(make_pair(Kind::local));
        for (const Source end : {pairs.back().near.get(), pairs.back().far.get()}) {
            add(end, {Token{sources.size()}, Ready::readable, Mode::oneshot});
            sources.push_back(end);
            if (has_failed()) return;
        }
    }
    expect(select(200ms).empty(), "expected: no event"); // long enough to request all of them, not only to poll
    for (const Source source : sources) write(source, "x");
    const auto report_all = [this] {
        std::set<Token> reported;
        for (auto events = select(); !events.empty(); events = select(moment, 256)) {
            for (const auto& event : events) {
                expect(reported.insert(event.token).second,
                       "expected: each source once, seen twice: " + describe(event));
            }
        }
        return reported;
    };
    auto seen = report_all();
    expect(seen.size() == count,
           "expected: all " + std::to_string(count) + " sources, seen: " + std::to_string(seen.size()));
    // Half of them are removed, in random order; the others are all reported, with their new tokens.
    std::shuffle(sources.begin(), sources.end(), std::mt19937_64(1));
    for (std::size_t i = 0; i < count / 2 && !has_failed(); ++i) remove(sources[i]);
    for (std::size_t i = count / 2; i < count && !has_failed(); ++i)
        modify(sources[i], {Token{count + i}, Ready::readable, Mode::oneshot});
    seen = report_all();
    expect(seen.size() == count - count / 2 && static_cast<std::uint64_t>(*seen.begin()) == count + count / 2,
           "expected: the half that was not removed, under its new tokens, seen: " + std::to_string(seen.size()));
    for (std::size_t i = count / 2; i < count && !has_failed(); ++i) remove(sources[i]);
    for (const Source source : sources) write(source, "x");
    expect_quiet();
}

// Destroying a Selector with watches leaves their sources open and usable.
RULE(selector, leaves_sources_open) {
    std::vector<Pair> pairs;
    for (const Kind kind : kinds()) {
        for (const Mode mode : modes()) {
            pairs.push_back(make_pair(kind));
            add(pairs.back().near, {Token{1}, Ready::readable, mode});
        }
    }
    select(0ns);
    destroy();
    for (const auto& pair : pairs) {
        send(pair.far);
        expect(wait_for_data(pair.near) && read(pair.near).bytes == 1, "expected: the source can be read");
    }
}

// Every descriptor that a Selector has opened, in open() or later (in changes, calls that fail, sleeps and wakes), is
// closed by exec().
RULE(selector, close_on_exec) {
    make_pair(Kind::local); // opens what the system opens once for a thread
    const auto before = open_descriptors();
    const auto pair = make_pair(Kind::local);
    const auto pipe = make_pair(Kind::pipe);
    const auto file = open_file();
    const auto own = open_descriptors();
    expect(own.size() == before.size() + 5, "expected: the test itself opens five");
    const auto expect_closed_on_exec = [&](const char* when) {
        for (const int descriptor : open_descriptors()) {
            if (std::ranges::find(own, descriptor) != own.end() || is_closed_on_exec(descriptor)) continue;
            expect(false, std::string("expected: each descriptor of the Selector is close-on-exec ") + when +
                              ", seen: " + std::to_string(descriptor) + " is not");
        }
    };
    for (const char* const again : {"the first time", "after another Selector"}) {
        CIRCUMSTANCE(again);
        auto opened = open();
        if (!opened) return;
        auto& registrator = opened->registrator();
        std::vector<Event> buffer(8);
        std::error_code error;
        expect_closed_on_exec("after open()");
        opened->select(buffer, 0ns, error);
        opened->select(buffer, moment, error);
        expect_closed_on_exec("after select()");
        for (const Source source : {pair.near.get(), pipe.near.get(), file.get()}) {
            for (const Mode mode : {Mode::oneshot, Mode::level, Mode::edge}) {
                static_cast<void>(registrator.add(source, {Token{1}, Ready::readable, mode})); // may fail
                static_cast<void>(registrator.add(source, {Token{1}, Ready::priority, mode})); // fails, mostly
                expect_closed_on_exec("after add()");
                static_cast<void>(registrator.modify(source, {Token{2}, both_directions, mode}));
                opened->select(buffer, 0ns, error);
                expect_closed_on_exec("after modify() and select()");
                static_cast<void>(registrator.remove(source));
            }
        }
        for (const Timeout timeout : {forever, Timeout(patience)}) {
            Sleeper sleeper(*opened, timeout);
            expect_closed_on_exec("in select()");
            static_cast<void>(registrator.wake());
            sleeper.events();
            expect_closed_on_exec("after wake()");
        }
    }
}

// Opening, using and destroying a Selector 1,000 times leaves descriptors, memory and threads as before.
RULE(selector, no_leak) {
    const auto pair = make_pair(Kind::local);
    const auto file = open_file(); // may be refused by the backend
    const auto use = [&] {
        const auto used = open();
        if (!used) return;
        auto& registrator = used->registrator();
        static_cast<void>(registrator.add(pair.near, {Token{1}, Ready::readable, any_mode()}));
        static_cast<void>(registrator.add(file, {Token{3}, Ready::readable, any_mode()}));
        static_cast<void>(registrator.add(pair.far, {Token{2}, both_directions, Mode::oneshot}));
        static_cast<void>(registrator.modify(pair.far, {Token{2}, Ready::writable, any_mode()}));
        static_cast<void>(registrator.add(pair.far, {Token{2}, both_directions, Mode::oneshot}));
        static_cast<void>(registrator.wake());
        std::vector<Event> buffer(8);
        std::error_code error;
        used->select(buffer, 0ns, error);
        static_cast<void>(registrator.remove(pair.far));
    };
    for (int i = 0; i < 100; ++i) use(); // allocates what is allocated only once
    const auto descriptors = open_descriptors();
    const auto threads = thread_count();
    const auto heap = heap_bytes();
    for (int i = 0; i < 1000; ++i) use();
    const auto heap_after = heap_bytes();
    expect(open_descriptors() == descriptors, "expected: the same descriptors as before");
    expect(thread_count() <= threads,
           "expected: at most " + std::to_string(threads) + " threads, seen: " + std::to_string(thread_count()));
    expect(heap_after <= heap + 16'000,
           "expected: at most " + std::to_string(heap) + " bytes of heap, seen: " + std::to_string(heap_after));
}

// A sleep of one second with 100 watches takes less than 5 ms of processor time.
RULE(selector, idle, .takes = 1000ms, .needs = Need::any_thread) {
    std::vector<Pair> pairs;
    for (std::uint64_t i = 0; i < 100; ++i) {
        const Mode mode = modes()[i % modes().size()];
        pairs.push_back(make_pair(Kind::local));
        add(pairs.back().near, {Token{i}, Ready::readable, mode});
    }
    // An interrupted sleep does not keep the next one from sleeping.
    const auto stranger = make_pair(Kind::local);
    Sleeper sleeper(selector());
    add(stranger.near, {Token{100}, Ready::readable, any_mode()});
    wake();
    sleeper.events();
    expect_idle(1s);
    // The thread that slept has ended; its requests have not.
    for (std::uint64_t i = 0; i < modes().size(); ++i) {
        send(pairs[i].far);
        expect_event(Token{i}, Ready::readable);
        drain(pairs[i].near);
    }
}

// Two Selectors in two threads do not disturb each other: each returns its own events and wakes, and no others.
RULE(selector, independent) {
    const auto other = open();
    if (!other) return;
    constexpr int rounds = 2'000;
    const auto run = [this](Selector& selector, Token token) {
        const auto pair = make_pair(Kind::local);
        std::vector<Event> buffer(8);
        std::error_code error;
        selector.select(buffer, 0ns, error); // by the thread that changes watches
        for (int round = 0; round < rounds; ++round) {
            const Watch watch{token, Ready::readable, any_mode()};
            if (selector.registrator().add(pair.near, watch)) return false;
            write(pair.far, "x");
            const auto seen = selector.select(buffer, patience, error);
            if (seen.size() != 1 || seen[0].token != token) return false;
            drain(pair.near);
            static_cast<void>(selector.registrator().wake());
            const auto woken = selector.select(buffer, patience, error);
            if (woken.size() != 1 || woken[0].token != wake_token) return false;
            if (selector.registrator().remove(pair.near)) return false;
        }
        return true;
    };
    bool there = false;
    Thread second([&] { there = run(*other, Token{2}); });
    const bool here = run(selector(), Token{1});
    second.join();
    expect(here && there, "expected: each Selector gets its own events only");
}

void link_resources_rules() {}

} // namespace pollux::conformance
