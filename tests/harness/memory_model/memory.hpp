// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

/// A memory with every behaviour that C++ allows: queues use it in place of RealMemory, and explore() runs a few
/// threads on them in every order and with every outcome. The comment of explore() describes the model.
namespace pollux::model {

using Value = std::uint64_t;

/// An Operation is the next step of a thread.
struct Operation {
    enum class Kind : std::uint8_t {
        load,
        read_plain,  // of a variable that is not atomic: another visible value is a fault
        write_plain, // of a variable that is not atomic
        store,
        lock,   // like `sleep`
        unlock, // like `store`
        exchange,
        add,
        bit_or,
        bit_and,
        compare_exchange, // with `expected`
        destroy,          // of `operand` locations: no thread may use one of them after that
        fence,
        sleep,        // waits for a value that is not zero, and replaces it by zero
        sleep_or_end, // like `sleep`, or reads zero when all other threads have ended
        choose,       // reads each number below `operand`, one in each run
        milestone,    // the rest of its thread depends on `operand`, and not on the values read before
        join,         // waits for the end of all other threads
        end
    };

    Kind kind = Kind::end;
    std::size_t location = 0;
    std::memory_order order = std::memory_order_relaxed;
    std::memory_order failure = std::memory_order_relaxed; // of compare_exchange
    Value operand = 0;
    Value expected = 0;
    Kind previous = Kind::end; // the kind of the operation before this one in its thread
};

/// Performs an operation in the explored run; returns the value read. Does not return if the value is not decided yet:
/// the thread is then run again from its beginning, once for each outcome.
Value carry_out(const Operation& operation);

/// Makes a location and returns its index. Each run makes the same locations in the same order.
/// `is_exchanged`: all its operations are read-modify-write operations, or those of a mutex.
std::size_t new_location(Value value, bool is_exchanged = false);

/// Returns how many locations were made so far.
std::size_t count_locations();

/// Makes it a fault if a run ends before all locations that were made since the one with index `first` are destroyed.
void own_locations(std::size_t first);

/// The index of the calling thread of the run, from 1 on.
std::size_t this_thread();

/// Ends the exploration with a fault.
[[noreturn]] void fail(const char* fault);

inline void expect(bool holds, const char* fault) {
    if (!holds) fail(fault);
}

/// An Atomic is a location of the memory, with the functions of std::atomic that are used. Each thread has objects of
/// its own: a pointer is kept as its distance from the Atomic, so both have to lie within the System of explore_on().
template <typename T>
class Atomic {
    using Kind = Operation::Kind;
    using Order = std::memory_order;

  public:
    Atomic() : Atomic(T{}) {}
    Atomic(T value) : Atomic(value, false) {}
    Atomic(T value, bool is_exchanged) : location_(new_location(of(value), is_exchanged)) {}

    T load(Order order) const { return run({.kind = Kind::load, .order = order}); }
    T read_plain() const { return run({.kind = Kind::read_plain}); }
    void write_plain(T value) { run({.kind = Kind::write_plain, .operand = of(value)}); }
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
    /// Without spurious failures, after which the caller repeats it with the value that it had.
    bool compare_exchange_weak(T& expected, T value, Order success, Order failure) {
        return compare_exchange_strong(expected, value, success, failure);
    }
    /// Like a thread that is parked until another one wakes it.
    void sleep() { run({.kind = Kind::sleep, .order = std::memory_order_acq_rel}); }
    /// Like sleep(); returns false if no other thread is left.
    bool sleep_or_end() { return run({.kind = Kind::sleep_or_end, .order = std::memory_order_acq_rel}) != T{}; }

    /// A mutex is free if it is not zero, and has these two operations only.
    void lock() { run({.kind = Kind::lock, .order = std::memory_order_acquire}); }
    void unlock() { run({.kind = Kind::unlock, .order = std::memory_order_release, .operand = 1}); }

    std::size_t location() const { return location_; }

  private:
    Value of(T value) const {
        if constexpr (std::is_pointer_v<T>) {
            return value ? reinterpret_cast<Value>(value) - reinterpret_cast<Value>(this) : 0;
        } else {
            return static_cast<Value>(value);
        }
    }
    T run(Operation operation) const {
        operation.location = location_;
        const auto value = carry_out(operation);
        if constexpr (std::is_pointer_v<T>) {
            return value != 0 ? reinterpret_cast<T>(reinterpret_cast<Value>(this) + value) : nullptr;
        } else {
            return static_cast<T>(value);
        }
    }

    std::size_t location_;
};

/// A Plain is a variable that is not atomic.
template <typename T>
class Plain {
  public:
    Plain(T value) : value_(value) {}
    Plain(const Plain&) = delete;
    operator T() const { return value_.read_plain(); }
    Plain& operator=(const Plain&) = delete;
    Plain& operator=(T value) {
        value_.write_plain(value);
        return *this;
    }

  private:
    Atomic<T> value_;
};

/// A Mutex of the modelled memory. Threads that wait for it are asleep, so no run has more of them than it needs.
class Mutex {
  public:
    void lock() { is_free_.lock(); }
    void unlock() { is_free_.unlock(); }

  private:
    Atomic<bool> is_free_{true, true};
};

/// A FirstLocation is the index of the location that is made next.
struct FirstLocation {
    std::size_t first = count_locations();
};

/// An Owned is a T that the code under test has to destroy, once: see Memory::destroy().
template <typename T>
class Owned : FirstLocation, public T {
  public:
    explicit Owned(auto... arguments) : T(arguments...), count_(count_locations() - first) { own_locations(first); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;

    void destroy() { carry_out({.kind = Operation::Kind::destroy, .location = first, .operand = count_}); }

  private:
    std::size_t count_;
};

/// A Memory is the template argument of the code under test, in place of RealMemory.
struct Memory {
    template <typename T>
    using Atomic = model::Atomic<T>;
    template <typename T>
    using Plain = model::Plain<T>;
    using Mutex = model::Mutex;
    using ThreadId = std::size_t;

    static void full_fence() { carry_out({.kind = Operation::Kind::fence, .order = std::memory_order_seq_cst}); }
    /// Destroys an Owned.
    template <typename T>
    static void destroy(T* object) {
        static_cast<Owned<T>*>(object)->destroy();
    }
    static ThreadId this_thread() { return model::this_thread(); }
    /// Trivially destructible, since the code under test is left by longjmp().
    static auto locked(Mutex& mutex, auto&& action) {
        mutex.lock();
        if constexpr (std::is_void_v<decltype(action())>) {
            action();
            mutex.unlock();
        } else {
            const auto result = action();
            mutex.unlock();
            return result;
        }
    }
};

/// Returns a number below `count`: each of them in a run of its own.
inline Value choose(Value count) { return carry_out({.kind = Operation::Kind::choose, .operand = count}); }

inline void join_others() { carry_out({.kind = Operation::Kind::join}); }

/// Treats states as equal that differ only in the values that this thread has read so far, unless `key` differs: the
/// rest of the thread may depend on nothing else.
inline void pass_milestone(Value key) { carry_out({.kind = Operation::Kind::milestone, .operand = key}); }

/// Ends this run without a fault.
inline void give_up() { carry_out({.kind = Operation::Kind::end}); }

/// A Verdict is the result of an exploration. `fault` is empty if no run has one.
struct Verdict {
    std::string fault;
    std::string run;        // the run with the fault: one operation on each line
    std::size_t states = 0; // the number of visited states
};

/// Weakens an operation of a thread, to test whether its order is needed; a relaxed fence has no effect.
using Weaken = std::function<void(std::size_t thread, Operation& operation)>;

/// Makes the locations of a run, and returns the function of the thread.
using Thread = std::function<std::function<void()>()>;

/// Runs threads in every possible way.
///
/// The memory is that of C++20 without consume and without seq_cst loads and stores, which nothing here uses: a store
/// goes anywhere in the order of its location behind what its thread knows, a load takes any value that is not older
/// than what its thread knows, and what a thread knows is handed on by release and acquire, by the release sequences
/// of read-modify-write operations, and by fences, which are in one order. It is the operational model of Kang and
/// others, "A Promising Semantics for Relaxed-Memory Concurrency" (POPL 2017), without promises: no load takes a value
/// that depends on a later store of its own thread.
///
/// What no other thread can distinguish from its neighbours is done at once, and not in each order with the steps of
/// the others: accesses to plain variables, which are found to race all the same in a run that has the other one first,
/// the release of a mutex, choices, and the end of an object's life: it has to be behind each write that the object has
/// had, and no access may be left to come.
Verdict explore(const std::vector<Thread>& threads, const Weaken& weaken = {});

/// Runs threads that share a System: each has an object of its own, on the same locations.
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
