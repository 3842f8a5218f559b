// SPDX-License-Identifier: BSL-1.0
// Rules on calls of many threads beside select().
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <map>
#include <mutex>
#include <random>
#include <set>

namespace pollux::conformance {
namespace {

/// A source that is always ready, with the history of its watches: each has a generation, which is in its token.
struct Watched {
    struct Generation {
        Mode mode;
        std::uint64_t retired_before = ~std::uint64_t{0}; // no select() from this one on may report it
        int events = 0;
    };

    Pair pair;
    std::mutex mutex;
    std::vector<Generation> generations;
    bool added = false;
};

Token token_of(std::size_t source, std::size_t generation) { return Token{(source << 32) | generation}; }

/// The model: every event must be of a watch that existed when its select() began, or was added later.
class Model {
  public:
    explicit Model(std::size_t count) : sources_(count) {
        for (auto& source : sources_) {
            source.pair = make_pair(Kind::local);
            write(source.pair.far, "x");
        }
    }

    std::size_t size() const { return sources_.size(); }
    Watched& operator[](std::size_t index) { return sources_[index]; }

    std::uint64_t begin_select() { return ++begun_; }

    /// Makes a random change of one source; called by the thread that owns it.
    std::error_code change(Registrator& registrator, std::size_t index, Mode mode, bool remove) {
        auto& source = sources_[index];
        if (remove && source.added) {
            const auto error = registrator.remove(source.pair.near);
            retire_all_but(source, 0);
            source.added = false;
            return error;
        }
        std::size_t generation = 0;
        {
            const std::lock_guard lock(source.mutex);
            generation = source.generations.size();
            source.generations.push_back({mode});
        }
        const Watch watch{token_of(index, generation), Ready::readable, mode};
        const auto error =
            source.added ? registrator.modify(source.pair.near, watch) : registrator.add(source.pair.near, watch);
        retire_all_but(source, 1);
        source.added = true;
        return error;
    }

    /// Returns how an event contradicts the model, empty if it does not; `number` is that of its select().
    std::string fault_of(const Event& event, std::uint64_t number) {
        const auto bits = static_cast<std::uint64_t>(event.token);
        const auto index = bits >> 32, generation = bits & 0xffff'ffff;
        if (index >= sources_.size()) return "a token that was never used: " + describe(event);
        const std::lock_guard lock(sources_[index].mutex);
        auto& generations = sources_[index].generations;
        if (generation >= generations.size()) return "a token that was not used yet: " + describe(event);
        auto& seen = generations[generation];
        if (number >= seen.retired_before) return "a watch that was removed before select() began: " + describe(event);
        if (event.ready != Ready::readable) return "a condition that the source does not have: " + describe(event);
        if (++seen.events > 1 && seen.mode != Mode::level) return "a " + describe(seen.mode) + " watch twice";
        return {};
    }

  private:
    /// Called when the call that ended older watches has returned: a select() that begins later may not report them.
    void retire_all_but(Watched& source, std::size_t newest) {
        const auto from = begun_.load() + 1;
        const std::lock_guard lock(source.mutex);
        // Older ones are retired already.
        for (std::size_t back = newest; back < source.generations.size(); ++back) {
            auto& generation = source.generations[source.generations.size() - 1 - back];
            if (generation.retired_before != ~std::uint64_t{0}) break;
            generation.retired_before = from;
        }
    }

    std::vector<Watched> sources_;
    std::atomic<std::uint64_t> begun_ = 0;
};

} // namespace

// While four threads add, modify, remove and wake at random beside select() for two seconds, every event agrees with a
// model.
RULE(threads, concurrent_changes, .takes = 2000ms, .needs = Need::any_thread) {
    constexpr std::size_t threads = 4, per_thread = 16;
    Model model(threads * per_thread);
    std::atomic<bool> stop = false;
    std::atomic<int> failures = 0;
    const auto churn = [&](std::size_t thread) {
        std::mt19937_64 random(thread);
        while (!stop) {
            const auto dice = random();
            const auto index = thread * per_thread + (dice >> 8) % per_thread;
            const Mode mode = modes()[(dice >> 16) % modes().size()];
            const auto error =
                dice % 8 == 0 ? registrator().wake() : model.change(registrator(), index, mode, dice % 8 < 4);
            if (error) ++failures;
        }
    };
    std::string fault;
    std::size_t events = 0, wakes = 0;
    {
        std::vector<std::unique_ptr<Thread>> changing;
        for (std::size_t i = 0; i < threads; ++i) changing.push_back(std::make_unique<Thread>([&, i] { churn(i); }));
        const auto end = std::chrono::steady_clock::now() + Budget::shortened(2s);
        std::vector<Event> buffer(32);
        while (fault.empty() && std::chrono::steady_clock::now() < end) {
            const auto number = model.begin_select();
            std::error_code error;
            for (const auto& event : selector().select(buffer, patience, error)) {
                if (event.token == wake_token) {
                    ++wakes;
                } else {
                    ++events;
                    if (fault.empty()) fault = model.fault_of(event, number);
                }
            }
            if (error) fault = describe(error);
        }
        stop = true;
    }
    expect(fault.empty(), "expected: events of living watches only, seen: " + fault);
    expect(failures == 0, "expected: no call fails, seen: " + std::to_string(failures.load()) + " failures");
    expect(events > 0 && wakes > 0, "expected: events and wakes while the threads work, seen: none");

    // Afterwards exactly the watches of the model exist.
    std::set<Token> expected, seen;
    for (std::size_t index = 0; index < model.size(); ++index) {
        if (!model[index].added) {
            expect_unknown(model[index].pair.near);
        } else {
            modify(model[index].pair.near, {Token{index}, Ready::readable, any_mode()});
            expected.insert(Token{index});
        }
    }
    for (auto last = select(); !last.empty(); last = select(moment)) {
        for (const auto& event : last) {
            if (event.token != wake_token) seen.insert(event.token);
        }
        if (any_mode() == Mode::level && seen == expected) break; // they are reported for ever
    }
    expect(seen == expected, "expected: " + std::to_string(expected.size()) +
                                 " watches report in the end, seen: " + std::to_string(seen.size()));
}

// A watch stays registered after the thread that added or modified it has ended.
RULE(threads, exit, .needs = Need::any_thread) {
    for (const Mode mode : modes()) {
        for (const bool by_modify : {false, true}) {
            CIRCUMSTANCE(describe(mode) + (by_modify ? ", modified" : ", added"));
            const auto pair = make_pair(Kind::local);
            const Watch watch{Token{1}, Ready::readable, mode};
            if (by_modify) add(pair.near, {Token{2}, Ready::none, mode});
            Thread([&] { by_modify ? modify(pair.near, watch) : add(pair.near, watch); }).join();
            expect_quiet();
            send(pair.far);
            expect_event(Token{1}, Ready::readable);
            remove(pair.near);
        }
    }
}

void link_threads_rules() {}

} // namespace pollux::conformance
