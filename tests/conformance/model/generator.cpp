// SPDX-License-Identifier: BSL-1.0
#include "generator.hpp"

#include "kinds.hpp"

#include <array>
#include <initializer_list>
#include <random>
#include <utility>

namespace pollux::conformance::model {
namespace {

/// A Random makes the same choices on each system: it does not use the distributions of the standard library, which
/// differ between implementations.
class Random {
  public:
    explicit Random(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t count) { return static_cast<std::size_t>((random_() >> 16) % count); }
    bool one_in(std::size_t count) { return below(count) == 0; }

    /// Chooses one of them with a probability that is proportional to its weight.
    template <class Value>
    Value weighted(std::initializer_list<std::pair<Value, std::size_t>> choices) {
        std::size_t total = 0;
        for (const auto& [value, weight] : choices) total += weight;
        auto offset = below(total);
        const auto* choice = choices.begin();
        while (offset >= choice->second) offset -= (choice++)->second;
        return choice->first;
    }

  private:
    std::mt19937_64 random_;
};

/// The weight of each action.
constexpr std::array<std::pair<Action, std::size_t>, action_count> weights{
    {{Action::add, 14},  {Action::modify, 12}, {Action::remove, 6},  {Action::write, 14},    {Action::read, 10},
     {Action::send, 4},  {Action::fill, 3},    {Action::drain, 6},   {Action::shut_down, 2}, {Action::hang_up, 3},
     {Action::reset, 1}, {Action::urge, 3},    {Action::connect, 8}, {Action::answer, 8},    {Action::refuse, 1},
     {Action::close, 3}, {Action::reopen, 6},  {Action::dup, 2},     {Action::wake, 4},      {Action::select, 32}}};

constexpr std::size_t total_weight = [] {
    std::size_t total = 0;
    for (const auto& [action, weight] : weights) total += weight;
    return total;
}();

/// Chooses an action by its weight. Most are rejected, so this is called often.
constexpr auto actions = [] {
    std::array<Action, total_weight> places{};
    std::size_t place = 0;
    for (const auto& [action, weight] : weights) {
        for (std::size_t i = 0; i < weight; ++i) places[place++] = action;
    }
    return places;
}();

Action any_action(Random& random) { return actions[random.below(total_weight)]; }

std::size_t any_source(Random& random) {
    unsigned total = 0;
    for (const auto nature : natures) total += kind_of(nature).share;
    auto place = random.below(total);
    std::size_t source = 0;
    while (place >= kind_of(natures[source]).share) place -= kind_of(natures[source++]).share;
    return source;
}

Ready any_interest(Random& random) {
    return random.weighted<Ready>({{Ready::readable, 8},
                                   {Ready::writable, 5},
                                   {Ready::readable | Ready::writable, 6},
                                   {Ready::none, 2},
                                   {Ready::priority, 1},
                                   {Ready::closed | Ready::failed, 1},
                                   {Ready::readable | Ready::closed, 1}});
}

Mode any_mode(Random& random) {
    return random.weighted<Mode>({{Mode::oneshot, 20}, {Mode::level, 20}, {Mode::edge, 20}, {Mode{77}, 1}});
}

std::size_t any_amount(Random& random, Action action) {
    switch (action) {
    case Action::write:
        return 1 + random.below(4);
    case Action::read:
        return random.weighted<std::size_t>({{1, 2}, {4096, 3}});
    case Action::wake:
        return random.weighted<std::size_t>({{1, 3}, {2, 1}, {3, 1}});
    case Action::select:
        return random.weighted<std::size_t>({{64, 20}, {1, 10}, {2, 5}, {0, 1}});
    default:
        return 0;
    }
}

Thread any_thread(Random& random, Action action) {
    if (action == Action::select) return Thread::same;
    const auto thread = random.weighted<Thread>({{Thread::same, 200}, {Thread::other, 1}, {Thread::race, 1}});
    return thread == Thread::race && !may_race(action) ? Thread::same : thread;
}

/// A Progress is the state of a sequence so far, so that few operations have to be skipped.
struct Progress {
    World world;
    std::array<bool, source_count> is_watched{};
    std::array<bool, source_count> was_closed_watched{}; // closed while it was watched

    /// Chooses mostly possible operations, and now and then ones that are refused.
    bool wants(const Operation& operation, Random& random) const {
        const bool is_open = world.is_open(operation.source), is_known = is_watched[operation.source];
        switch (operation.action) {
        case Action::add:
            return (is_open && !is_known) || random.one_in(10);
        case Action::modify:
        case Action::remove:
            return is_known || random.one_in(10);
        case Action::close:
            return is_open && (!is_known || random.one_in(4));
        case Action::reopen:
            return !is_known && world.allow(operation);
        case Action::dup:
            return !is_known && !was_closed_watched[operation.source] && world.allow(operation);
        default:
            return world.allow(operation);
        }
    }

    void remember(const Operation& operation) {
        if (operation.action == Action::add && operation.mode <= Mode::edge) is_watched[operation.source] = true;
        if (operation.action == Action::remove) is_watched[operation.source] = false;
        if (operation.action == Action::close && is_watched[operation.source])
            was_closed_watched[operation.source] = true;
        if (operation.action == Action::reopen) was_closed_watched[operation.source] = false;
        world.apply(operation);
    }
};

} // namespace

Sequence generate(std::uint64_t seed, std::size_t length) {
    Random random(seed);
    // With fewer sources each has more operations.
    std::array<std::size_t, source_count> cast{};
    const std::size_t members = random.weighted<std::size_t>({{1, 20}, {2, 40}, {3, 20}, {6, 30}, {source_count, 1}});
    for (std::size_t i = 0; i < members; ++i) cast[i] = members == source_count ? i : any_source(random);
    Progress progress;

    Sequence sequence;
    while (sequence.size() < length) {
        Operation operation{any_action(random)};
        if (has_source(operation.action)) operation.source = cast[random.below(members)];
        operation.amount =
            operation.action == Action::dup ? cast[random.below(members)] : any_amount(random, operation.action);
        if (!progress.wants(operation, random)) continue;
        operation.thread = any_thread(random, operation.action);
        if (has_watch(operation.action)) {
            operation.interest = any_interest(random);
            operation.mode = any_mode(random);
            operation.token =
                random.weighted<TokenKind>({{TokenKind::own, 100}, {TokenKind::wake, 1}, {TokenKind::reserved, 1}});
        }
        progress.remember(operation);
        // Now and then often enough to show a spin.
        const bool is_insistent = operation.action == Action::select && random.one_in(20);
        sequence.insert(sequence.end(), is_insistent ? 10 : 1, operation);
    }
    sequence.resize(length);
    return sequence;
}

} // namespace pollux::conformance::model
