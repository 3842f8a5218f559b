// SPDX-License-Identifier: BSL-1.0
// Rules on waits of each length, on what may disturb them, and on what a sleep costs.
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <array>
#include <deque>

namespace pollux::conformance {
namespace {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

/// Waits, again and again until one wait is in time, and returns what is wrong. A machine may be slow for seconds.
/// `call` is select() with this timeout; it returns a fault, or none.
template <typename Call>
std::string fault_of_wait(Nanoseconds wait, Nanoseconds most, Call call) {
    const auto begun = Clock::now();
    auto shortest = Nanoseconds::max();
    for (int tries = 0; shortest > most && (tries < 3 || Clock::now() - begun < patience); ++tries) {
        Recorder::current().note_progress();
        const auto start = Clock::now();
        const std::string fault = call();
        const Nanoseconds took = Clock::now() - start;
        if (!fault.empty()) return "in a wait of " + exact_milliseconds(wait) + ": " + fault;
        if (took < wait) return exact_milliseconds(took) + " instead of " + exact_milliseconds(wait);
        shortest = std::min(shortest, took);
    }
    if (shortest <= most) return {};
    return "at least " + exact_milliseconds(shortest) + " instead of " + exact_milliseconds(wait) +
           ", which may take " + exact_milliseconds(most);
}

/// Powers of two of each unit and what is beside them, where waits are converted and rounded; and usual timeouts.
std::vector<Nanoseconds> lengths_of_waits(Nanoseconds longest) {
    std::vector<Nanoseconds> lengths;
    for (const Nanoseconds unit : {Nanoseconds(1ns), Nanoseconds(1us), Nanoseconds(1ms)}) {
        for (auto power = unit; power <= longest; power *= 2) {
            for (const auto wait : {power - unit, power - 1ns, power, power + 1ns, power + unit})
                lengths.push_back(wait);
        }
    }
    for (const auto usual :
         {1'500us,   2'500us,   10'000us,    16'667us,    20'000us,    25'000us,   33'333us,  50'000us,
          60'000us,  75'000us,  99'999us,    100'000us,   200'000us,   250'000us,  333'333us, 500'000us,
          750'000us, 999'999us, 1'000'000us, 1'000'001us, 1'500'000us, 2'000'000us})
        lengths.push_back(usual);
    std::erase_if(lengths, [&](auto wait) { return wait > longest; });
    std::ranges::sort(lengths, std::greater());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
    return lengths;
}

/// What a sleep costs the process: processor time, and how often a thread began to sleep or was interrupted.
struct Cost {
    Nanoseconds processor_time = Nanoseconds::max();
    std::size_t switches = ~std::size_t{0};

    static Cost so_far() { return {conformance::processor_time(), context_switches()}; }
    Cost since(const Cost& before) const {
        return {processor_time - before.processor_time, switches - before.switches};
    }
    bool is_at_most(const Cost& most) const {
        return processor_time <= most.processor_time && switches <= most.switches;
    }
    std::string text() const {
        return std::to_string(processor_time.count() / 1000) + " us of processor time and " + std::to_string(switches) +
               " context switches";
    }
};

} // namespace

// Waits of 1 ns to 2 s (briefly to 100 ms), powers of two of ns, us and ms and their neighbours among them, are never
// early, and late by at most the declared resolution or a hundredth of the wait.
RULE(timeout, lengths) {
    const auto lengths = lengths_of_waits(Budget::is_brief() ? Nanoseconds(100ms) : Nanoseconds(2s));
    std::mutex mutex;
    std::size_t next = 0;
    std::string fault;
    const auto work = [&] {
        const auto own = open();
        std::array<Event, 4> buffer{};
        while (own) {
            Nanoseconds wait{};
            {
                const std::lock_guard lock(mutex);
                if (next == lengths.size() || !fault.empty()) return;
                wait = lengths[next++];
            }
            const auto found = fault_of_wait(wait, longest(wait), [&]() -> std::string {
                std::error_code error;
                const auto seen = own->select(buffer, wait, error);
                return error ? describe(error) : seen.empty() ? "" : describe(seen[0]);
            });
            const std::lock_guard lock(mutex);
            if (fault.empty()) fault = found;
        }
    };
    {
        // They sleep nearly all the time, so they hardly disturb each other.
        std::deque<Thread> threads;
        for (int i = 0; i < 8; ++i) threads.emplace_back(work);
    }
    expect(fault.empty(), "expected: select() waits for its timeout, seen: " + fault);
}

// Changes of watches and calls that fail in another thread, ends of paused sources, arrivals for spent watches and
// wakes of an earlier select() neither cut a timed select() short nor prolong it, whether they go on until its end or
// stop in between, and whether or not there are other watches.
RULE(timeout, beside_changes, .needs = Need::any_thread) {
    const auto other = make_pair(Kind::local);
    const auto spent = make_pair(Kind::local);
    wake();
    wake();
    while (!select(moment).empty()) {}
    std::atomic<bool> stop = false;
    std::atomic<int> failures = 0;
    const auto change = [&](Clock::time_point end) {
        for (std::size_t round = 0; !stop && Clock::now() < end; ++round) {
            const Mode mode = modes()[round % modes().size()];
            const Watch quiet{Token{2}, Ready::readable, mode}, paused{Token{3}, Ready::none, mode};
            failures += registrator().add(other.near, quiet) ? 1 : 0;
            failures += registrator().add(other.near, quiet) != std::errc::file_exists;
            failures += registrator().modify(other.near, paused) ? 1 : 0;
            failures +=
                registrator().modify(other.near, {wake_token, Ready::readable, mode}) != std::errc::invalid_argument;
            failures += registrator().modify(other.near, quiet) ? 1 : 0;
            failures += registrator().remove(other.near) ? 1 : 0;
            failures += registrator().remove(other.near) != std::errc::no_such_file_or_directory;
            if (round % 8 == 0) {
                auto ended = make_pair(Kind::local);
                failures += registrator().add(ended.near, paused) ? 1 : 0;
                ended.far.close();
                std::this_thread::sleep_for(100us);
                failures += registrator().remove(ended.near) ? 1 : 0;
            }
            write(spent.far, "x");
            drain(spent.near);
            std::this_thread::sleep_for(300us);
        }
    };
    const auto expect_in_time = [&](Nanoseconds wait, bool is_until_end) {
        const auto fault = fault_of_wait(wait, longest(wait), [&]() -> std::string {
            stop = false;
            // Not for ever: a wait that begins again with each change would never end.
            Thread changer([&, end = Clock::now() + (is_until_end ? patience : wait / 2)] { change(end); });
            const auto seen = select(wait);
            stop = true;
            return seen.empty() ? "" : describe(seen);
        });
        expect(fault.empty(), std::string("expected: select() waits for its timeout beside changes ") +
                                  (is_until_end ? "until its end" : "in its first half") + ", seen: " + fault);
    };
    for (const bool has_others : {false, true}) {
        CIRCUMSTANCE(has_others ? "with other watches" : "without other watches");
        for (const bool is_until_end : {false, true}) expect_in_time(40ms, is_until_end);
        if (has_others || !capabilities().oneshot) break;
        add(spent.near, {Token{1}, Ready::readable, Mode::oneshot});
        send(spent.far);
        expect_event(Token{1}, Ready::readable);
    }
    expect(failures == 0, "expected: each call succeeds or fails as documented, seen: " +
                              std::to_string(failures.load()) + " that do not");
}

// Calls with `forever` and with an hour sleep for 5.5 s (briefly 1.1 s) without an event, and with few context
// switches: without watches, with a quiet one, a spent one, and a paused one whose source has ended. A wake ends them.
RULE(timeout, endless) {
    const Nanoseconds time = Budget::is_brief() ? 1'100ms : 5'500ms;
    std::vector<std::unique_ptr<Selector>> selectors;
    std::vector<Pair> pairs;
    std::deque<Sleeper> sleepers;
    for (const Timeout timeout : {forever, Timeout(1h)}) {
        for (int state = 0; state < 4; ++state) {
            selectors.push_back(open());
            if (!selectors.back()) return;
            auto& registrator = selectors.back()->registrator();
            pairs.push_back(make_pair(Kind::local));
            auto& [near, far] = pairs.back();
            const Mode mode = state == 2 && capabilities().oneshot ? Mode::oneshot : modes().front();
            if (state > 0) {
                const Watch watch{Token{1}, state == 3 ? Ready::none : Ready::readable, mode};
                expect_error(std::errc{}, registrator.add(near, watch));
            }
            if (state == 3) far.close();
            if (state == 2 && mode == Mode::oneshot) {
                send(far);
                std::array<Event, 4> buffer{};
                std::error_code error;
                expect(selectors.back()->select(buffer, patience, error).size() == 1, "expected: the watch is spent");
            }
            sleepers.emplace_back(*selectors.back(), timeout);
        }
    }
    const auto before = Cost::so_far();
    constexpr int steps = 10;
    for (int i = 0; i < steps; ++i) {
        std::this_thread::sleep_for(time / steps);
        Recorder::current().note_progress();
    }
    const auto cost = Cost::so_far().since(before);
    const Cost most{std::max({time / 100, Nanoseconds(5ms), 2 * processor_time_tick()}), 8 * sleepers.size()};
    expect(cost.is_at_most(most), "expected: at most " + most.text() + ", seen: " + cost.text());
    for (std::size_t i = 0; i < sleepers.size(); ++i) {
        CIRCUMSTANCE((i < 4 ? "forever, state " : "an hour, state ") + std::to_string(i % 4));
        expect(!sleepers[i].has_returned(), "expected: select() sleeps, seen: it has returned");
        expect_error(std::errc{}, selectors[i]->registrator().wake());
        const auto seen = sleepers[i].events();
        expect(seen.size() == 1 && seen[0].token == wake_token, "expected: the wake, seen: " + describe(seen));
    }
}

// A timed select() uses as little processor time as an endless one, and its thread sleeps through: without watches,
// with quiet, spent, paused and edge watches whose data was not read, after wakes, and after all were removed.
RULE(selector, timed_idle) {
    const Nanoseconds wait = Budget::is_brief() ? 100ms : 500ms;
    const Cost most{std::max({wait / 200, Nanoseconds(3ms), 2 * processor_time_tick()}), 4};
    const auto expect_sleep = [&](const char* when) {
        Cost seen;
        for (int attempt = 0; attempt < 5 && !seen.is_at_most(most); ++attempt) {
            const auto before = Cost::so_far();
            const auto events = select(wait);
            seen = Cost::so_far().since(before);
            if (!events.empty()) return expect(false, std::string("expected: no event ") + when);
        }
        expect(seen.is_at_most(most), "expected: at most " + most.text() + " " + when + "\n    seen: " + seen.text());
    };
    expect_sleep("without watches");
    std::vector<Pair> pairs;
    const auto add_pair = [&](Ready interest, Mode mode) -> Pair& {
        pairs.push_back(make_pair(Kind::local));
        add(pairs.back().near, {Token{pairs.size()}, interest, mode});
        return pairs.back();
    };
    for (int i = 0; i < 30; ++i) add_pair(Ready::readable, modes()[static_cast<std::size_t>(i) % modes().size()]);
    expect_sleep("with quiet watches");
    for (const Mode mode : modes()) {
        if (mode != Mode::level) send(add_pair(Ready::readable, mode).far);
    }
    for (std::size_t i = 0; i < modes().size() && !select(moment).empty(); ++i) {}
    expect_sleep("with watches that have reported data which was not read");
    for (const Mode mode : modes()) {
        send(add_pair(Ready::none, mode).far);
        add_pair(Ready::none, mode).far.close();
    }
    expect_sleep("with paused watches of sources that have data or have ended");
    wake();
    wake();
    for (int i = 0; i < 2 && !select(moment).empty(); ++i) {}
    expect_sleep("after wakes");
    for (const auto& pair : pairs) remove(pair.near);
    expect_sleep("after all watches were removed");
}

void link_waits_rules() {}

} // namespace pollux::conformance
