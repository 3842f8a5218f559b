// SPDX-License-Identifier: BSL-1.0
#include "generator.hpp"

#include <array>
#include <initializer_list>
#include <random>
#include <utility>

namespace pollux::conformance::model {
namespace {

/// Not the distributions of the standard library, which are different in each.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t count) { return static_cast<std::size_t>((random_() >> 16) % count); }
    bool one_in(std::size_t count) { return below(count) == 0; }

    /// One of them, each as often as its weight says.
    template <class Value>
    Value weighted(std::initializer_list<std::pair<Value, std::size_t>> choices) {
        std::size_t total = 0;
        for (const auto& [value, weight] : choices) total += weight;
        auto place = below(total);
        const auto* choice = choices.begin();
        while (place >= choice->second) place -= (choice++)->second;
        return choice->first;
    }

  private:
    std::mt19937_64 random_;
};

Action any_action(Dice& dice) {
    return dice.weighted<Action>({{Action::add, 14},
                                  {Action::modify, 12},
                                  {Action::remove, 6},
                                  {Action::write, 14},
                                  {Action::read, 10},
                                  {Action::send, 3},
                                  {Action::fill, 4},
                                  {Action::drain, 6},
                                  {Action::shut_down, 2},
                                  {Action::hang_up, 3},
                                  {Action::close, 3},
                                  {Action::reopen, 6},
                                  {Action::wake, 5},
                                  {Action::select, 30}});
}

Ready any_interest(Dice& dice) {
    return dice.weighted<Ready>({{Ready::readable, 8},
                                 {Ready::writable, 5},
                                 {Ready::readable | Ready::writable, 6},
                                 {Ready::none, 2},
                                 {Ready::priority, 1},
                                 {Ready::closed | Ready::failed, 1},
                                 {Ready::readable | Ready::closed, 1}});
}

Mode any_mode(Dice& dice) {
    return dice.weighted<Mode>({{Mode::oneshot, 20}, {Mode::level, 20}, {Mode::edge, 20}, {Mode{77}, 1}});
}

std::size_t any_amount(Dice& dice, Action action) {
    switch (action) {
    case Action::write:
        return 1 + dice.below(4);
    case Action::read:
        return dice.weighted<std::size_t>({{1, 2}, {4096, 3}});
    case Action::wake:
        return dice.weighted<std::size_t>({{1, 3}, {2, 1}, {3, 1}});
    case Action::select:
        return dice.weighted<std::size_t>({{64, 20}, {1, 10}, {2, 5}, {0, 1}});
    default:
        return 0;
    }
}

/// What the generator remembers of a source, so that few operations are passed over.
struct Part {
    bool is_open = true, has_far = true, is_watched = false;
};

/// What makes sense mostly; what does not, and is refused, now and then.
bool makes_sense(const Part& part, Action action, Dice& dice) {
    switch (action) {
    case Action::add:
        return (part.is_open && !part.is_watched) || dice.one_in(10);
    case Action::modify:
    case Action::remove:
        return part.is_watched || dice.one_in(10);
    case Action::close:
        return part.is_open && (!part.is_watched || dice.one_in(4));
    case Action::reopen:
        return !part.is_open && !part.is_watched;
    case Action::read:
    case Action::send:
        return part.is_open;
    case Action::wake:
    case Action::select:
        return true;
    default:
        return part.is_open && part.has_far;
    }
}

void remember(Part& part, const Operation& operation) {
    if (operation.action == Action::add && operation.mode <= Mode::edge) part.is_watched = true;
    if (operation.action == Action::remove) part.is_watched = false;
    if (operation.action == Action::hang_up) part.has_far = false;
    if (operation.action == Action::close) part.is_open = false;
    if (operation.action == Action::reopen) part.is_open = part.has_far = true;
}

} // namespace

Sequence generate(std::uint64_t seed, std::size_t length) {
    Dice dice(seed);
    // With fewer sources more happens to each.
    std::array<std::size_t, source_count> cast{};
    const std::size_t members = dice.weighted<std::size_t>({{1, 1}, {2, 2}, {3, 1}, {source_count, 2}});
    for (std::size_t i = 0; i < members; ++i) cast[i] = members == source_count ? i : dice.below(source_count);
    std::array<Part, source_count> parts{};

    Sequence sequence;
    while (sequence.size() < length) {
        Operation operation{any_action(dice)};
        const bool is_of_source = operation.action != Action::wake && operation.action != Action::select;
        if (is_of_source) operation.source = cast[dice.below(members)];
        if (!makes_sense(parts[operation.source], operation.action, dice)) continue;
        operation.amount = any_amount(dice, operation.action);
        if (operation.action == Action::add || operation.action == Action::modify) {
            operation.interest = any_interest(dice);
            operation.mode = any_mode(dice);
            operation.asks_for_wake_token = dice.one_in(60);
        }
        remember(parts[operation.source], operation);
        // Now and then so often that a spin shows.
        const bool is_insistent = operation.action == Action::select && dice.one_in(20);
        sequence.insert(sequence.end(), is_insistent ? 10 : 1, operation);
    }
    sequence.resize(length);
    return sequence;
}

} // namespace pollux::conformance::model
