// SPDX-License-Identifier: BSL-1.0
#include "states.hpp"

#include <algorithm>
#include <initializer_list>
#include <tuple>

namespace pollux::conformance::model {
namespace {

using enum Action;

/// The facts by which states differ. Two of something to read are as good as three.
auto key_of(const Facts& facts) {
    return std::tuple(facts.has_far, facts.is_connected, facts.is_connecting, facts.has_ended, facts.is_dead,
                      facts.has_error, facts.was_closed, facts.is_full, facts.is_urged,
                      std::min<std::size_t>(facts.to_read, 2), std::min<std::size_t>(facts.unread, 1));
}

std::vector<Operation> operations_of(std::size_t source) {
    std::vector<Operation> all;
    for (const auto action : {write, send, fill, drain, shut_down, hang_up, reset, urge, connect, answer, refuse})
        all.push_back({.action = action, .source = source, .amount = action == write ? 1U : 0U});
    for (const std::size_t amount : {std::size_t{1}, std::size_t{4096}})
        all.push_back({.action = read, .source = source, .amount = amount});
    return all;
}

} // namespace

std::vector<State> states_of(std::size_t source, bool with_pipes) {
    const auto operations = operations_of(source);
    std::vector<State> states{{World(with_pipes).facts(source), {}, {}}};
    for (std::size_t i = 0; i < states.size(); ++i) {
        for (const auto& operation : operations) {
            auto facts = states[i].facts;
            if (!facts.allow(operation) || (operation.action == write && facts.to_read >= 2)) continue;
            states[i].next.push_back(operation);
            facts.apply(operation);
            const auto is_it = [&](const State& state) { return key_of(state.facts) == key_of(facts); };
            if (std::any_of(states.begin(), states.end(), is_it)) continue;
            auto path = states[i].path;
            path.push_back(operation);
            states.push_back({facts, std::move(path), {}});
        }
    }
    return states;
}

} // namespace pollux::conformance::model
