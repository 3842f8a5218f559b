// SPDX-License-Identifier: BSL-1.0
// Rules on buffers and series of changes that are larger or smaller than the batches of a backend, by one or by much.
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <random>

namespace pollux::conformance {
namespace {

/// Sizes of buffers: batches are powers of two, mostly.
constexpr std::size_t rooms[] = {1, 2, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1024};

/// Sources that are ready to be read all the time, and the pairs that they are of. As many as the limit of descriptors
/// allows, at most `most`.
struct ReadySources {
    explicit ReadySources(std::size_t most) {
        const auto limit = raise_descriptor_limit();
        const auto count = std::min(most, limit < 128 ? 0 : limit - 128);
        while (sources.size() + 1 < count) {
            pairs.push_back(make_pair(Kind::local));
            for (const Source end : {pairs.back().near.get(), pairs.back().far.get()}) {
                write(end, "x");
                sources.push_back(end);
            }
        }
    }
    std::vector<Pair> pairs;
    std::vector<Source> sources;
};

/// Counts of events by token.
using Counts = std::map<Token, int>;

/// Adds the tokens of `seen` to `counts`, and returns how many tokens are new.
std::size_t count(const std::vector<Event>& seen, Counts& counts) {
    const auto before = counts.size();
    for (const auto& event : seen) ++counts[event.token];
    return counts.size() - before;
}

std::string text_of(Mode mode, std::size_t ready, std::size_t room) {
    return describe(mode) + ", " + std::to_string(ready) + " ready, room for " + std::to_string(room);
}

} // namespace

// Whatever the room of the buffer (1, 2, and a power of two from 64 to 1,024, less or more one), with more sources
// ready than that, each is reported: once in one-shot and edge mode, and in turn in level mode.
RULE(buffer, rooms, .needs = Need::any_number) {
    const ReadySources ready(1300);
    for (const Mode mode : modes()) {
        for (const Source source : ready.sources) add(source, {Token{0}, Ready::none, mode});
        for (const std::size_t room : rooms) {
            const auto number = std::min(ready.sources.size(), 2 * room + 5);
            CIRCUMSTANCE(text_of(mode, number, room));
            for (std::size_t i = 0; i < number; ++i) modify(ready.sources[i], {Token{i + 1}, Ready::readable, mode});
            Counts counts;
            // In level mode the sources take turns, but where the turns begin is the backend's.
            const auto most = mode == Mode::level ? 2 * number : number;
            std::size_t events = 0;
            while (counts.size() < number && events < most) {
                const auto seen = select(patience, room);
                if (seen.empty()) break;
                events += seen.size();
                count(seen, counts);
            }
            expect(counts.size() == number,
                   "expected: each of " + std::to_string(number) + " ready sources within " + std::to_string(most) +
                       " events, seen: " + std::to_string(counts.size()) + " in " + std::to_string(events));
            if (mode != Mode::level) expect_quiet();
            for (std::size_t i = 0; i < number; ++i) modify(ready.sources[i], {Token{0}, Ready::none, mode});
            if (has_failed()) return;
        }
        expect_quiet();
        for (const Source source : ready.sources) remove(source);
    }
}

// A wake before or after hundreds of sources become ready is reported once, in its turn, whether it is the last event
// that the buffer has room for, or all room is taken.
RULE(wake, full_buffer, .needs = Need::any_number) {
    const ReadySources ready(1100);
    for (const Mode mode : modes()) {
        for (const Source source : ready.sources) add(source, {Token{0}, Ready::none, mode});
        for (const std::size_t room : rooms) {
            for (const std::size_t number : {room - 1, room, room + 1}) {
                if (number == 0 || number > ready.sources.size()) continue;
                for (const bool wake_first : {true, false}) {
                    CIRCUMSTANCE(text_of(mode, number, room) + (wake_first ? ", the wake first" : ", the wake last"));
                    if (wake_first) wake();
                    for (std::size_t i = 0; i < number; ++i)
                        modify(ready.sources[i], {Token{i + 1}, Ready::readable, mode});
                    if (!wake_first) wake();
                    Counts counts;
                    std::size_t events = 0;
                    const auto most = (mode == Mode::level ? 2 : 1) * (number + 1);
                    while (counts.size() < number + 1 && events < most) {
                        const auto seen = select(patience, room);
                        if (seen.empty()) break;
                        events += seen.size();
                        count(seen, counts);
                    }
                    expect(counts[wake_token] == 1, "expected: one wake, seen: " + std::to_string(counts[wake_token]));
                    expect(counts.size() == number + 1,
                           "expected: each source and the wake, seen: " + std::to_string(counts.size()) + " of " +
                               std::to_string(number + 1));
                    for (std::size_t i = 0; i < number; ++i) modify(ready.sources[i], {Token{0}, Ready::none, mode});
                    if (has_failed()) return;
                }
            }
            expect_quiet();
        }
        for (const Source source : ready.sources) remove(source);
    }
}

namespace {

/// What a series of changes has made of a source.
struct Changed {
    std::optional<Watch> watch = std::nullopt;
    bool is_armed = false; // the watch was not reported since it was added or modified
    int events = 0;
};

bool is_paused(const Watch& watch) { return watch.interest == Ready::none; }

} // namespace

// Each of 3,000 changes, in any order, valid or not, between two calls of select() has its effect: watches are reported
// as their last change states, and those that were removed or paused are not.
RULE(modify, many_changes, .needs = Need::any_number) {
    const ReadySources ready(1100);
    std::vector<Changed> changed(ready.sources.size());
    std::mt19937_64 random(7);
    std::uint64_t token = 0;
    const auto change = [&](std::size_t i) {
        auto& watch = changed[i].watch;
        const Source source = ready.sources[i];
        const Mode mode = modes()[random() % modes().size()];
        const Watch next{Token{++token}, random() % 4 == 0 ? Ready::none : Ready::readable, mode};
        switch (random() % 3) {
        case 0:
            expect_error(watch ? std::errc::file_exists : std::errc{}, registrator().add(source, next));
            if (!watch) changed[i] = {next, true};
            break;
        case 1:
            expect_error(watch ? std::errc{} : std::errc::no_such_file_or_directory,
                         registrator().modify(source, next));
            if (watch) changed[i] = {next, true};
            break;
        default:
            expect_error(watch ? std::errc{} : std::errc::no_such_file_or_directory, registrator().remove(source));
            watch.reset();
        }
    };
    constexpr int rounds = 8;
    for (int round = 0; round < rounds && !has_failed(); ++round) {
        for (int i = 0; i < 3000 && !has_failed(); ++i) change(random() % changed.size());
        std::map<Token, Changed*> expected;
        for (auto& each : changed) {
            each.events = 0;
            if (each.watch && each.is_armed && !is_paused(*each.watch)) expected[each.watch->token] = &each;
        }
        std::size_t events = 0, reported = 0;
        const std::size_t room = std::size_t{1} << (random() % 11);
        // Those in level mode are reported again, until each has had its turn.
        while (reported < expected.size() && events < 3 * expected.size()) {
            const auto seen = select(patience, room);
            if (seen.empty()) break;
            events += seen.size();
            for (const auto& event : seen) {
                const auto found = expected.find(event.token);
                if (found == expected.end()) {
                    expect(false,
                           "expected: no event of a watch that was removed, paused, replaced or reported, seen: " +
                               describe(event));
                    return;
                }
                auto& [watch, is_armed, times] = *found->second;
                is_armed = false;
                if (++times == 1) ++reported;
                expect(times == 1 || watch->mode == Mode::level,
                       "expected: one event of a " + describe(watch->mode) + " watch, seen: two");
            }
        }
        expect(reported == expected.size(), "expected: events of " + std::to_string(expected.size()) +
                                                " watches, seen: of " + std::to_string(reported));
        // Without its level watches the Selector is quiet.
        for (std::size_t i = 0; i < changed.size(); ++i) {
            if (!changed[i].watch || changed[i].watch->mode != Mode::level) continue;
            remove(ready.sources[i]);
            changed[i].watch.reset();
        }
        expect_quiet();
    }
}

void link_room_rules() {}

} // namespace pollux::conformance
