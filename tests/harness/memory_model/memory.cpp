// SPDX-License-Identifier: BSL-1.0
#include "memory.hpp"

#include "state.hpp"

#include <algorithm>
#include <bitset>
#include <csetjmp>
#include <stdexcept>
#include <string_view>
#include <unordered_set>

namespace pollux::model {
namespace {

using Kind = Operation::Kind;

/// A Replay runs a thread from its beginning with the outcomes so far, up to the first operation without one.
struct Replay {
    std::size_t thread;
    const std::vector<Value>& outcomes;
    std::size_t next_outcome = 0;
    Operation pending = {};
    Operation::Kind previous = Operation::Kind::end;
    const char* fault = nullptr;
    std::vector<Value> initial = {};               // of its locations
    std::bitset<most_locations> is_exchanged = {}; // of these, alone
    std::bitset<most_locations> is_owned = {};     // of these
    std::jmp_buf stop = {};
};
Replay* replay = nullptr;

/// The code under test is noexcept and is left by longjmp(): the objects on its stack are trivially destructible.
[[noreturn]] void stop() { std::longjmp(replay->stop, 1); }

void run_until_stopped(const std::function<void()>& body) {
    if (setjmp(replay->stop) == 0) body();
}

constexpr auto use_of_destroyed = "an object is used that was destroyed";

/// A Step is an operation that a thread has carried out in the run that is explored now.
struct Step {
    std::size_t thread;
    Operation operation;
    Value outcome;
};

/// An Explorer runs the threads in each order and with each outcome, depth first.
class Explorer {
  public:
    Explorer(const std::vector<Thread>& threads, const Weaken& weaken) : threads_(threads), weaken_(weaken) {}

    Verdict run() {
        State state;
        state.threads.resize(threads_.size());
        for (std::size_t i = 0; i < threads_.size(); ++i) look_ahead(state, i);
        for (const auto value : initial_) state.locations.push_back({{value, View{}}});
        for (std::size_t i = 0; i < threads_.size(); ++i) {
            while (verdict_.fault.empty() && is_unseen(state.threads[i].next)) carry_out_unseen(state, i);
        }
        visit(state);
        verdict_.states = seen_.size();
        return verdict_;
    }

  private:
    /// Determines the next operation of a thread.
    void look_ahead(State& state, std::size_t index) {
        auto& thread = state.threads[index];
        Replay next{index, thread.outcomes};
        next.initial.reserve(most_locations);
        replay = &next;
        run_until_stopped(threads_[index]());
        replay = nullptr;
        if (next.fault && verdict_.fault.empty()) found(next.fault);
        if (weaken_) weaken_(index, next.pending);
        thread.next = next.pending;
        if (initial_.empty()) initial_ = next.initial;
        is_exchanged_ = next.is_exchanged;
        is_owned_ = next.is_owned;
        if (thread.next.kind == Kind::end) thread.discarded = thread.outcomes.size();
    }

    void found(std::string_view fault) {
        verdict_.fault = fault;
        for (const auto& [thread, operation, outcome] : run_) verdict_.run += text(thread, operation, outcome) + '\n';
    }

    void visit(const State& state) {
        if (!verdict_.fault.empty() || !seen_.insert(state.hash()).second) return;
        bool all_ended = true;
        bool any_moved = false;
        for (std::size_t i = 0; i < threads_.size() && verdict_.fault.empty(); ++i) {
            if (state.threads[i].next.kind == Kind::end) continue;
            all_ended = false;
            if (is_destroyed(state, state.threads[i].next)) return found(use_of_destroyed);
            any_moved |= move(state, i);
        }
        if (!verdict_.fault.empty()) return;
        if (!all_ended && !any_moved) found("a thread sleeps for ever");
        for (std::size_t i = 0; all_ended && i < state.locations.size(); ++i) {
            if (is_owned_[i] && !state.locations[i].empty()) return found("an object is never destroyed");
        }
    }

    /// The state behind a thread's next operation with this outcome, and behind those that no other thread can
    /// distinguish from it.
    void proceed(State&& state, std::size_t index, Value outcome) {
        const auto length = run_.size();
        note(state, index, outcome);
        while (verdict_.fault.empty() && is_unseen(state.threads[index].next)) carry_out_unseen(state, index);
        if (state.threads[index].next.kind == Kind::choose) {
            move(state, index);
        } else {
            visit(state);
        }
        run_.resize(length);
    }

    void note(State& state, std::size_t index, Value outcome) {
        auto& thread = state.threads[index];
        run_.push_back({index, thread.next, outcome});
        thread.outcomes.push_back(outcome);
        look_ahead(state, index);
    }

    /// Whether its order with the operations of the other threads makes no difference to them: see explore(). The same
    /// is true of `choose`, which has more than one outcome.
    static bool is_unseen(const Operation& operation) {
        return operation.kind == Kind::read_plain || operation.kind == Kind::write_plain ||
               operation.kind == Kind::unlock || operation.kind == Kind::destroy || operation.kind == Kind::milestone;
    }

    void carry_out_unseen(State& state, std::size_t index) {
        const auto operation = state.threads[index].next;
        if (operation.kind == Kind::milestone) {
            note(state, index, 0);
            state.threads[index].discarded = state.threads[index].outcomes.size();
            state.threads[index].milestone = operation.operand + 1;
            return;
        }
        if (is_destroyed(state, operation)) return found(use_of_destroyed);
        if (operation.kind == Kind::destroy) return destroy(state, index);
        const auto known = state.threads[index].current[operation.location];
        const auto& messages = state.locations[operation.location];
        if (operation.kind != Kind::unlock && known + std::size_t{1} != messages.size()) {
            return found(operation.kind == Kind::read_plain ? "a plain read that races with a write"
                                                            : "a plain write that races with a write");
        }
        if (operation.kind == Kind::read_plain) return note(state, index, messages.back().value);
        auto& thread = state.threads[index];
        const View released = operation.kind == Kind::unlock ? thread.current : thread.released;
        write(state, index, known, operation.operand, released);
        // A thread that does not know the newest message must not access the variable.
        if (operation.kind == Kind::write_plain) {
            state.drop(operation.location, state.locations[operation.location].size() - 2);
        } else {
            forget(state, operation.location);
        }
        note(state, index, 0);
    }

    /// Leaves no message in the locations, so that any later access to them is a fault.
    void destroy(State& state, std::size_t index) {
        const auto operation = state.threads[index].next;
        for (auto i = operation.location; i < operation.location + operation.operand; ++i) {
            const auto known = state.threads[index].current[i] + std::size_t{1};
            if (known != state.locations[i].size()) return found("an object is destroyed beside an access to it");
            state.drop(i, known);
        }
        note(state, index, 0);
    }

    /// Explores each outcome of a thread's next operation; returns false if it has to wait.
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
        case Kind::choose:
            for (Value choice = 0; choice < operation.operand; ++choice) proceed(State(state), index, choice);
            return true;
        case Kind::sleep_or_end:
            return read(state, index) || join_others(state, index);
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
        if (!know_others(state, index)) return false;
        proceed(std::move(state), index, 0);
        return true;
    }

    /// Gives a thread the knowledge of the others at their end; returns false if one has not ended.
    static bool know_others(State& state, std::size_t index) {
        auto& thread = state.threads[index];
        for (std::size_t i = 0; i < state.threads.size(); ++i) {
            if (i == index) continue;
            if (state.threads[i].next.kind != Kind::end) return false;
            join(thread.current, state.threads[i].current);
        }
        join(thread.acquired, thread.current);
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
            forget(next, location);
            proceed(std::move(next), index, 0);
        }
    }

    /// Drops messages that no thread can read any more, so that states which differ only in their past are equal.
    void forget(State& state, std::size_t location) {
        std::size_t known = state.locations[location].size() - 1;
        // Where nothing is loaded or stored, the newest is the only one that is not taken.
        if (!is_exchanged_[location]) {
            for (const auto& thread : state.threads) known = std::min<std::size_t>(known, thread.current[location]);
        }
        state.drop(location, known);
    }

    /// Inserts a message after another one in the order of the location; its thread then knows it.
    static void write(State& state, std::size_t index, std::size_t before, Value value, View released) {
        const auto location = state.threads[index].next.location;
        const auto place = static_cast<std::uint8_t>(before + 1);
        const auto make_room = [&](View& view) {
            if (view[location] >= place) ++view[location];
        };
        make_room(released);
        state.for_each_view(make_room);
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
        bool any = false;
        for (auto place = known; place < messages.size(); ++place) any |= read(state, index, place);
        return any;
    }

    bool read(const State& state, std::size_t index, std::size_t place) {
        const auto operation = state.threads[index].next;
        const auto& message = state.locations[operation.location][place];
        const auto written = written_by(operation, message.value);
        if (sleeps(operation) && message.value == 0) return false;
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
            join(released, message.released); // the release sequence continues
            next.locations[operation.location][place].is_taken = true;
            write(next, index, place, *written, released);
        }
        forget(next, operation.location);
        proceed(std::move(next), index, message.value);
        return true;
    }

    const std::vector<Thread>& threads_;
    const Weaken& weaken_;
    std::vector<Value> initial_;
    std::bitset<most_locations> is_exchanged_, is_owned_;
    std::unordered_set<std::size_t> seen_; // hashes: that two of 10^6 states share one has a chance below 10^-7
    std::vector<Step> run_;
    Verdict verdict_;
};

} // namespace

Value carry_out(const Operation& operation) {
    if (replay->next_outcome < replay->outcomes.size()) {
        replay->previous = operation.kind;
        return replay->outcomes[replay->next_outcome++];
    }
    replay->pending = operation;
    replay->pending.previous = replay->previous;
    stop();
}

std::size_t new_location(Value value, bool is_exchanged) {
    const auto location = replay->initial.size();
    if (location == most_locations) throw std::length_error("a model of more locations than it has room for");
    replay->initial.push_back(value);
    replay->is_exchanged[location] = is_exchanged;
    return location;
}

std::size_t this_thread() { return replay->thread + 1; }

std::size_t count_locations() { return replay->initial.size(); }

void own_locations(std::size_t first) {
    for (; first < replay->initial.size(); ++first) replay->is_owned.set(first);
}

void fail(const char* fault) {
    replay->fault = fault;
    stop();
}

Verdict explore(const std::vector<Thread>& threads, const Weaken& weaken) { return Explorer(threads, weaken).run(); }

} // namespace pollux::model
