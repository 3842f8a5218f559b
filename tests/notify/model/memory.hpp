// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// A memory in which everything happens that C++ allows: the queues are put on it in place of RealMemory, and
/// explore() runs a few threads on them in every order and with every outcome. What is modelled is said at
/// explore().
namespace pollux::model {

using Value = std::uint64_t;

/// What a thread is about to do.
struct Operation {
    enum class Kind : std::uint8_t {
        load,
        read_plain, // as of a variable that is no atomic: it is a fault if another value could be seen
        store,
        exchange,
        add,
        bit_or,
        bit_and,
        compare_exchange, // with `expected`
        fence,
        sleep, // waits for a value that is not zero, and replaces it by zero
        join,  // waits for the end of all other threads
        end
    };

    Kind kind = Kind::end;
    std::size_t location = 0;
    std::memory_order order = std::memory_order_relaxed;
    std::memory_order failure = std::memory_order_relaxed; // of compare_exchange
    Value operand = 0;
    Value expected = 0;
};

/// Carries out an operation in the run that is being explored; returns the value read. Does not return when that is
/// still to be decided: the thread is run again from its beginning, once for each outcome.
Value carry_out(const Operation& operation);

/// A new location; returns its number. In each run the same ones are made in the same order.
std::size_t new_location(Value value);

/// Ends the exploration: what was found.
[[noreturn]] void fail(const char* fault);

inline void expect(bool holds, const char* fault) {
    if (!holds) fail(fault);
}

template <typename T>
class Atomic {
    using Kind = Operation::Kind;
    using Order = std::memory_order;

  public:
    Atomic() : Atomic(T{}) {}
    Atomic(T value) : location_(new_location(static_cast<Value>(value))) {}

    T load(Order order) const { return run({.kind = Kind::load, .order = order}); }
    T read_plain() const { return run({.kind = Kind::read_plain}); }
    void store(T value, Order order) { run({.kind = Kind::store, .order = order, .operand = of(value)}); }
    T exchange(T value, Order order) { return run({.kind = Kind::exchange, .order = order, .operand = of(value)}); }
    T fetch_add(T value, Order order) { return run({.kind = Kind::add, .order = order, .operand = of(value)}); }
    T fetch_or(T value, Order order) { return run({.kind = Kind::bit_or, .order = order, .operand = of(value)}); }
    T fetch_and(T value, Order order) { return run({.kind = Kind::bit_and, .order = order, .operand = of(value)}); }
    bool compare_exchange_strong(T& expected, T value, Order success, Order failure) {
        const T seen = run({.kind = Kind::compare_exchange,
                            .order = success,
                            .failure = failure,
                            .operand = of(value),
                            .expected = of(expected)});
        return seen == expected || (expected = seen, false);
    }
    bool compare_exchange_strong(T& expected, T value, Order order) {
        return compare_exchange_strong(expected, value, order, order);
    }
    /// As a thread that is parked until somebody wakes it.
    void sleep() { run({.kind = Kind::sleep, .order = std::memory_order_acq_rel}); }

    std::size_t location() const { return location_; }

  private:
    static Value of(T value) { return static_cast<Value>(value); }
    T run(Operation operation) const {
        operation.location = location_;
        return static_cast<T>(carry_out(operation));
    }

    std::size_t location_;
};

struct Memory {
    template <typename T>
    using Atomic = model::Atomic<T>;
    static void full_fence() { carry_out({.kind = Operation::Kind::fence, .order = std::memory_order_seq_cst}); }
};

inline void join_others() { carry_out({.kind = Operation::Kind::join}); }

/// Leaves this run: what follows is not of interest.
inline void give_up() { carry_out({.kind = Operation::Kind::end}); }

/// What came of it. Without a fault no run has one.
struct Verdict {
    std::string fault;
    std::string run;        // that has the fault: one operation on each line
    std::size_t states = 0; // that were seen
};

/// Weakens an operation of a thread, to see whether its strength is needed; a fence of order relaxed is none.
using Weaken = std::function<void(std::size_t thread, Operation& operation)>;

/// Makes the locations of a run, and returns what the thread does with them.
using Thread = std::function<std::function<void()>()>;

/// Runs threads in every way.
///
/// The memory is that of C++20 without consume and without seq_cst loads and stores, which nothing here uses: a store
/// goes anywhere in the order of its location behind what its thread knows, a load takes any value that is not older
/// than what its thread knows, and what a thread knows is handed on by release and acquire, by the release sequences
/// of read-modify-write operations, and by fences, which are in one order. It is the operational model of Kang and
/// others, "A Promising Semantics for Relaxed-Memory Concurrency" (POPL 2017), without promises: no load takes a value
/// that depends on a later store of its own thread.
Verdict explore(const std::vector<Thread>& threads, const Weaken& weaken = {});

/// The same for threads that share a System: each has one of its own, on the same locations.
template <typename System>
Verdict explore_on(const std::vector<std::function<void(System&)>>& bodies, const Weaken& weaken = {}) {
    std::vector<Thread> threads;
    for (const auto& body : bodies) {
        threads.emplace_back([body] {
            auto system = std::make_shared<System>();
            return std::function<void()>([system, body] { body(*system); });
        });
    }
    return explore(threads, weaken);
}

} // namespace pollux::model
