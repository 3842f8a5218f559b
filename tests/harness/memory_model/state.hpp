// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "memory.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

/// The state of a run in explore(): the messages of each location, and those that each thread knows.
namespace pollux::model {

inline constexpr std::size_t most_locations = 23; // a Message has no padding then

/// For each location the newest known message, by its index in the order of that location.
using View = std::array<std::uint8_t, most_locations>;

inline void join(View& view, const View& other) {
    std::transform(view.begin(), view.end(), other.begin(), view.begin(),
                   [](auto a, auto b) { return std::max(a, b); });
}

/// A Message is a value that was stored in a location.
struct Message {
    Value value;
    View released;         // the knowledge of a thread that acquires it
    bool is_taken = false; // a read-modify-write operation has read it: nothing comes between the two
};

/// A ThreadState is what a thread has done, what it knows, and its next operation.
struct ThreadState {
    View current = {};  // its knowledge
    View acquired = {}; // its knowledge after a fence
    View released = {}; // its knowledge at its last fence
    std::vector<Value> outcomes = {};
    std::size_t discarded = 0; // the number of outcomes that `milestone` replaces
    Value milestone = 0;       // replaces the discarded outcomes
    Operation next = {};
};

/// A State is a point of the exploration, on which the rest of a run depends.
struct State {
    std::vector<std::vector<Message>> locations;
    std::vector<ThreadState> threads;
    View fences = {}; // the knowledge of the last fence

    std::size_t hash() const {
        static std::string all;
        all.clear();
        const auto put = [](const auto& value) { all.append(reinterpret_cast<const char*>(&value), sizeof value); };
        const auto put_all = [put](const auto& values) {
            static_assert(std::has_unique_object_representations_v<std::decay_t<decltype(values[0])>>);
            put(values.size());
            all.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof values[0]);
        };
        for (const auto& messages : locations) put_all(messages);
        for (const auto& thread : threads) {
            put(thread.current);
            put(thread.acquired);
            put(thread.released);
            put(thread.milestone);
            put_all(std::span(thread.outcomes).subspan(thread.discarded));
        }
        put(fences);
        return std::hash<std::string>()(all);
    }

    void for_each_view(const auto& call) {
        call(fences);
        for (auto& thread : threads) {
            for (auto* view : {&thread.current, &thread.acquired, &thread.released}) call(*view);
        }
        for (auto& messages : locations) {
            for (auto& message : messages) call(message.released);
        }
    }

    /// Drops the oldest `count` messages of a location, which no thread can read any more.
    void drop(std::size_t location, std::size_t count) {
        if (count == 0) return;
        const auto below = static_cast<std::uint8_t>(count);
        for_each_view([=](View& view) {
            view[location] =
                view[location] < below ? std::uint8_t{0} : static_cast<std::uint8_t>(view[location] - below);
        });
        auto& messages = locations[location];
        messages.erase(messages.begin(), messages.begin() + below);
    }
};

inline bool sleeps(const Operation& operation) {
    return operation.kind == Operation::Kind::sleep || operation.kind == Operation::Kind::sleep_or_end ||
           operation.kind == Operation::Kind::lock;
}
inline bool acquires(std::memory_order order) {
    return order == std::memory_order_acquire || order == std::memory_order_acq_rel;
}
inline bool releases(std::memory_order order) {
    return order == std::memory_order_release || order == std::memory_order_acq_rel;
}

inline bool has_location(Operation::Kind kind) {
    return kind != Operation::Kind::fence && kind < Operation::Kind::choose;
}

/// One line of the run with a fault.
inline std::string text(std::size_t thread, const Operation& operation, Value outcome) {
    constexpr std::array names{"load",         "plain read", "plain write", "store",   "lock",    "unlock", "exchange",
                               "add",          "or",         "and",         "compare", "destroy", "fence",  "sleep",
                               "sleep or end", "choose",     "milestone",   "join",    "end"};
    constexpr std::array orders{"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
    auto line = "thread " + std::to_string(thread) + ": " + names.at(static_cast<std::size_t>(operation.kind));
    if (has_location(operation.kind)) {
        line += " [" + std::to_string(operation.location) + "] " +
                orders.at(static_cast<std::size_t>(operation.order)) + " (" + std::to_string(operation.operand) +
                ") = " + std::to_string(outcome);
    }
    return line;
}

/// Whether an operation is one on an object that was destroyed.
inline bool is_destroyed(const State& state, const Operation& operation) {
    return has_location(operation.kind) && state.locations[operation.location].empty();
}

/// The value that an operation writes when it reads `read`.
inline std::optional<Value> written_by(const Operation& operation, Value read) {
    using Kind = Operation::Kind;
    switch (operation.kind) {
    case Kind::exchange:
        return operation.operand;
    case Kind::add:
        return read + operation.operand;
    case Kind::bit_or:
        return read | operation.operand;
    case Kind::bit_and:
        return read & operation.operand;
    case Kind::sleep:
    case Kind::sleep_or_end:
    case Kind::lock:
        return 0;
    case Kind::compare_exchange:
        return read == operation.expected ? std::optional(operation.operand) : std::nullopt;
    default:
        return std::nullopt;
    }
}

} // namespace pollux::model
