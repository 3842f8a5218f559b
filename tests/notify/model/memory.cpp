// SPDX-License-Identifier: BSL-1.0
#include "memory.hpp"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_set>

namespace pollux::model {
namespace {

using Kind = Operation::Kind;

/// A thread is run from its beginning on the outcomes so far, up to the first operation that has none yet.
struct Replay {
    std::vector<Value> outcomes;
    std::size_t next_outcome = 0;
    Operation pending = {};
    const char* fault = nullptr;
    std::vector<Value> initial = {}; // of its locations
    std::jmp_buf stop = {};
};
Replay* replay = nullptr;

/// The code under test is noexcept: it is left by a jump. Whatever it has on its stack there is trivial to destroy.
[[noreturn]] void stop() { std::longjmp(replay->stop, 1); }

void run_until_stopped(const std::function<void()>& body) {
    if (setjmp(replay->stop) == 0) body();
}

constexpr std::size_t most_locations = 12;

/// For each location the newest message that is known, by its place in the order of that location.
using View = std::array<std::uint8_t, most_locations>;

void join(View& view, const View& other) {
    std::transform(view.begin(), view.end(), other.begin(), view.begin(),
                   [](auto a, auto b) { return std::max(a, b); });
}

struct Message {
    Value value;
    View released;         // what a thread knows that acquires it
    bool is_taken = false; // a read-modify-write operation has read it: nothing comes between the two
};

struct ThreadState {
    View current = {};  // what it knows
    View acquired = {}; // what it knows behind a fence
    View released = {}; // what it knew at its last fence
    std::vector<Value> outcomes = {};
    Operation next = {};
};

struct State {
    std::vector<std::vector<Message>> locations;
    std::vector<ThreadState> threads;
    View fences = {}; // what the last fence knew

    std::string bytes() const {
        std::string all;
        const auto put = [&all](const auto& value) { all.append(reinterpret_cast<const char*>(&value), sizeof value); };
        for (const auto& messages : locations) {
            put(messages.size());
            for (const auto& message : messages) {
                put(message.value);
                put(message.released);
                put(message.is_taken);
            }
        }
        for (const auto& thread : threads) {
            put(thread.current);
            put(thread.acquired);
            put(thread.released);
            put(thread.outcomes.size());
            for (const auto outcome : thread.outcomes) put(outcome);
        }
        put(fences);
        return all;
    }
};

bool acquires(std::memory_order order) {
    return order == std::memory_order_acquire || order == std::memory_order_acq_rel;
}
bool releases(std::memory_order order) {
    return order == std::memory_order_release || order == std::memory_order_acq_rel;
}

std::string text(std::size_t thread, const Operation& operation, Value outcome) {
    constexpr std::array names{"load", "plain read", "store", "exchange", "add",  "or",
                               "and",  "compare",    "fence", "sleep",    "join", "end"};
    constexpr std::array orders{"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
    auto line = "thread " + std::to_string(thread) + ": " + names.at(static_cast<std::size_t>(operation.kind));
    if (operation.kind < Kind::fence) {
        line += " [" + std::to_string(operation.location) + "] " +
                orders.at(static_cast<std::size_t>(operation.order)) + " (" + std::to_string(operation.operand) +
                ") = " + std::to_string(outcome);
    }
    return line;
}

class Explorer {
  public:
    Explorer(const std::vector<Thread>& threads, const Weaken& weaken) : threads_(threads), weaken_(weaken) {}

    Verdict run() {
        State state;
        state.threads.resize(threads_.size());
        for (std::size_t i = 0; i < threads_.size(); ++i) look_ahead(state, i);
        for (const auto value : initial_) state.locations.push_back({{value, View{}}});
        visit(state);
        verdict_.states = seen_.size();
        return verdict_;
    }

  private:
    /// Finds out what a thread does next.
    void look_ahead(State& state, std::size_t index) {
        auto& thread = state.threads[index];
        Replay next{thread.outcomes};
        replay = &next;
        run_until_stopped(threads_[index]());
        replay = nullptr;
        if (next.fault && verdict_.fault.empty()) found(next.fault);
        if (next.initial.size() > most_locations)
            throw std::length_error("a model of more locations than it has room for");
        if (weaken_) weaken_(index, next.pending);
        thread.next = next.pending;
        initial_ = next.initial;
    }

    void found(std::string_view fault) {
        verdict_.fault = fault;
        for (const auto& line : run_) verdict_.run += line + '\n';
    }

    void visit(const State& state) {
        if (!verdict_.fault.empty() || !seen_.insert(std::hash<std::string>()(state.bytes())).second) return;
        bool all_ended = true;
        bool any_moved = false;
        for (std::size_t i = 0; i < threads_.size() && verdict_.fault.empty(); ++i) {
            if (state.threads[i].next.kind == Kind::end) continue;
            all_ended = false;
            any_moved |= move(state, i);
        }
        if (!all_ended && !any_moved && verdict_.fault.empty()) found("a thread sleeps for ever");
    }

    /// The state behind a thread's next operation with this outcome.
    void proceed(State&& state, std::size_t index, Value outcome) {
        auto& thread = state.threads[index];
        run_.push_back(text(index, thread.next, outcome));
        thread.outcomes.push_back(outcome);
        look_ahead(state, index);
        visit(state);
        run_.pop_back();
    }

    /// Tries each outcome of a thread's next operation; false if it has to wait.
    bool move(const State& state, std::size_t index) {
        const auto& operation = state.threads[index].next;
        switch (operation.kind) {
        case Kind::fence:
            fence(state, index);
            return true;
        case Kind::join:
            return join_others(state, index);
        case Kind::store:
            store(state, index);
            return true;
        default:
            return read(state, index);
        }
    }

    void fence(State state, std::size_t index) {
        auto& thread = state.threads[index];
        if (thread.next.order != std::memory_order_relaxed) {
            join(thread.acquired, state.fences);
            thread.current = thread.released = state.fences = thread.acquired;
        }
        proceed(std::move(state), index, 0);
    }

    bool join_others(State state, std::size_t index) {
        auto& thread = state.threads[index];
        for (std::size_t i = 0; i < state.threads.size(); ++i) {
            if (i == index) continue;
            if (state.threads[i].next.kind != Kind::end) return false;
            join(thread.current, state.threads[i].current);
        }
        join(thread.acquired, thread.current);
        proceed(std::move(state), index, 0);
        return true;
    }

    void store(const State& state, std::size_t index) {
        const auto location = state.threads[index].next.location;
        const auto known = state.threads[index].current[location];
        for (std::size_t before = known; before < state.locations[location].size(); ++before) {
            if (state.locations[location][before].is_taken) continue;
            State next = state;
            auto& thread = next.threads[index];
            View released = releases(thread.next.order) ? thread.current : thread.released;
            write(next, index, before, thread.next.operand, released);
            proceed(std::move(next), index, 0);
        }
    }

    /// Puts a message behind another in the order of the location, and lets its thread know of it.
    static void write(State& state, std::size_t index, std::size_t before, Value value, View released) {
        const auto location = state.threads[index].next.location;
        const auto place = static_cast<std::uint8_t>(before + 1);
        const auto make_room = [&](View& view) {
            if (view[location] >= place) ++view[location];
        };
        make_room(state.fences);
        make_room(released);
        for (auto& thread : state.threads) {
            for (auto* view : {&thread.current, &thread.acquired, &thread.released}) make_room(*view);
        }
        for (auto& messages : state.locations) {
            for (auto& message : messages) make_room(message.released);
        }
        released[location] = std::max(released[location], place);
        auto& messages = state.locations[location];
        messages.insert(messages.begin() + place, {value, released});
        auto& thread = state.threads[index];
        thread.current[location] = place;
        thread.acquired[location] = std::max(thread.acquired[location], place);
    }

    bool read(const State& state, std::size_t index) {
        const auto& operation = state.threads[index].next;
        const auto& messages = state.locations[operation.location];
        const std::size_t known = state.threads[index].current[operation.location];
        if (operation.kind == Kind::read_plain && known + 1 != messages.size()) {
            found("a plain read that races with a write");
            return true;
        }
        bool any = false;
        for (auto place = known; place < messages.size(); ++place) any |= read(state, index, place);
        return any;
    }

    bool read(const State& state, std::size_t index, std::size_t place) {
        const auto operation = state.threads[index].next;
        const auto& message = state.locations[operation.location][place];
        const auto written = written_by(operation, message.value);
        if (operation.kind == Kind::sleep && message.value == 0) return false;
        if (written && message.is_taken) return false;
        State next = state;
        auto& thread = next.threads[index];
        const bool failed = operation.kind == Kind::compare_exchange && !written;
        thread.current[operation.location] = static_cast<std::uint8_t>(place);
        join(thread.acquired, thread.current);
        join(thread.acquired, message.released);
        if (acquires(failed ? operation.failure : operation.order)) join(thread.current, message.released);
        if (written) {
            View released = releases(operation.order) ? thread.current : thread.released;
            join(released, message.released); // the release sequence goes on
            next.locations[operation.location][place].is_taken = true;
            write(next, index, place, *written, released);
        }
        proceed(std::move(next), index, message.value);
        return true;
    }

    static std::optional<Value> written_by(const Operation& operation, Value read) {
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
            return 0;
        case Kind::compare_exchange:
            return read == operation.expected ? std::optional(operation.operand) : std::nullopt;
        default:
            return std::nullopt;
        }
    }

    const std::vector<Thread>& threads_;
    const Weaken& weaken_;
    std::vector<Value> initial_;
    std::unordered_set<std::size_t> seen_; // hashes: that two of 10^6 states share one has a chance below 10^-7
    std::vector<std::string> run_;
    Verdict verdict_;
};

} // namespace

Value carry_out(const Operation& operation) {
    if (replay->next_outcome < replay->outcomes.size()) return replay->outcomes[replay->next_outcome++];
    replay->pending = operation;
    stop();
}

std::size_t new_location(Value value) {
    replay->initial.push_back(value);
    return replay->initial.size() - 1;
}

void fail(const char* fault) {
    replay->fault = fault;
    stop();
}

Verdict explore(const std::vector<Thread>& threads, const Weaken& weaken) { return Explorer(threads, weaken).run(); }

} // namespace pollux::model
