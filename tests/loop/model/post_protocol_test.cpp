// SPDX-License-Identifier: BSL-1.0
// That nothing which a call reported as a success is left to a Loop that sleeps, a function, a KeepAlive or a stop():
// in every run that C++ allows, with wakes that fail; and that each order that the protocol requires is needed.
#include "../../harness/memory_model/memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <tuple>
#include <utility>

#include <post_protocol.hpp>
#include <stop_request.hpp>

namespace pollux::loop::tests {

using namespace model;
namespace {

using Kind = Operation::Kind;
constexpr auto acq_rel = std::memory_order_acq_rel;

/// What the threads beside the Loop do.
enum class Task : std::uint8_t { post_0, post_1, post_2, release, stop };
constexpr std::size_t most_functions = 3;

constexpr unsigned bit(Task task) { return 1U << static_cast<unsigned>(task); }

/// A System is all that a run has: what a Loop shares with other threads, and what its backend and PostQueue keep.
struct System {
    loop::PostProtocol<Memory> posts;
    loop::StopRequest<Memory> stop;
    Atomic<int> event{0, true};                           // of the backend
    Plain<unsigned> functions = 0;                        // a bit() for each
    std::array<Plain<int>, most_functions> data{0, 0, 0}; // what each reads
    Plain<int> data_of_stop = 0;
    std::array<Plain<unsigned>, 3> succeeded{0U, 0U, 0U}; // of each thread, a bit() for each task
    Atomic<int> is_run;                                   // the Loop is run, and the other threads may begin

    std::error_code wake() {
        if (choose(2) == 1) return make_error_code(std::errc::not_enough_memory);
        event.exchange(1, acq_rel);
        return {};
    }
    std::error_code post(Task task, auto&& wake_up) {
        data[static_cast<std::size_t>(task)] = 1;
        const auto push = [&] {
            functions = functions | bit(task);
            return true;
        };
        return posts.post(push, wake_up);
    }
    std::error_code carry_out(Task task) {
        const auto wake_up = [this] { return wake(); };
        if (task == Task::release) return posts.release(wake_up);
        return task == Task::stop ? stop.request(wake_up) : post(task, wake_up);
    }
    bool is_idle() const {
        return posts.is_idle([this] { return functions == 0; });
    }
};

/// Why run() returned. `asleep` stands for a sleep that never ends: all other threads have ended.
enum class RunResult : std::uint8_t { stopped, nothing_pending, asleep };

/// A Runner is a Loop without sources and timers: its turns are those of Loop::State::run_while() and turn().
struct Runner {
    System& system;
    bool is_kept;       // by a watch
    bool posts_itself;  // function 2, by function 0
    bool runs_first;    // it is run by one thread, and the others begin when it runs
    unsigned taken = 0; // a bit() for each
    bool is_stopped = false;
    unsigned runs = 0; // without a stop()

    RunResult run() {
        const bool is_first = runs == 0 && !is_stopped;
        if (is_first || !runs_first) system.posts.run_by(Memory::this_thread());
        if (is_first && runs_first) system.is_run.store(1, std::memory_order_release);
        const auto end = turn_until_stopped();
        if (!runs_first) system.posts.run_by(Memory::ThreadId());
        end == RunResult::stopped ? static_cast<void>(is_stopped = true) : static_cast<void>(++runs);
        return end;
    }

  private:
    bool is_kept_at_all() const { return is_kept || !system.is_idle(); }

    RunResult turn_until_stopped() {
        for (unsigned in_vain = 0;; ++in_vain) {
            constexpr unsigned most = 4;
            expect(in_vain < most, "the Loop spins");
            pass_milestone(((runs * 2 + is_stopped) * most + in_vain) << most_functions | taken);
            if (system.stop.take()) return RunResult::stopped;
            if (!is_kept_at_all() && !system.posts.any()) return RunResult::nothing_pending;
            if (system.posts.any()) call_posted();
            if (system.stop.is_requested() || system.posts.any() || !is_kept_at_all()) {
                system.event.exchange(0, acq_rel); // a poll() that does not sleep
            } else if (!system.event.sleep_or_end()) {
                return RunResult::asleep;
            } else {
                in_vain = 0;
            }
        }
    }

    void call_posted() {
        unsigned functions = 0;
        system.posts.take([&] {
            functions = system.functions;
            system.functions = 0;
        });
        expect((functions & taken) == 0, "a function is taken twice");
        taken |= functions;
        for (std::size_t i = 0; i < most_functions; ++i) {
            if ((functions >> i & 1U) != 0) expect(system.data[i] == 1, "what was written before post() is stale");
        }
        if (!posts_itself || (functions & bit(Task::post_0)) == 0) return;
        const auto wakes_itself = []() -> std::error_code { fail("a post of the Loop's own thread wakes"); };
        expect(!system.post(Task::post_2, wakes_itself), "a post of the Loop's own thread fails");
    }
};

using Tasks = std::vector<Task>;
using Body = std::function<void(System&)>;

/// A Scenario is what the threads of a run do.
struct Scenario {
    const char* name;
    std::vector<Tasks> threads; // beside the Loop
    bool is_kept = true;        // by a watch
    std::size_t holds = 0;
    bool posts_itself = false;
    bool runs_first = false;
};

bool has_one_stop(const Scenario& scenario) {
    const auto has = [](const Tasks& tasks) { return std::ranges::count(tasks, Task::stop); };
    std::ptrdiff_t stops = 0;
    for (const auto& tasks : scenario.threads) stops += has(tasks);
    return stops == 1;
}

/// Runs the Loop as long as anything can still happen; then all that succeeded must have had its effect.
Body runs(const Scenario& scenario) {
    return [&scenario](System& system) {
        for (std::size_t i = 0; i < scenario.holds; ++i) system.posts.hold();
        if (!scenario.runs_first) system.is_run.store(1, std::memory_order_release);
        Runner runner{system, scenario.is_kept, scenario.posts_itself, scenario.runs_first};
        auto end = runner.run();
        while (end == RunResult::stopped) {
            if (has_one_stop(scenario)) expect(system.data_of_stop == 1, "what was written before stop() is stale");
            end = runner.run();
        }
        if (end == RunResult::nothing_pending) {
            // What is posted to a Loop that is not run is taken when it is run again.
            join_others();
            end = runner.run();
        }
        unsigned succeeded = 0;
        std::size_t released = 0;
        for (const auto& each : system.succeeded) {
            succeeded |= each;
            released += (each & bit(Task::release)) != 0;
        }
        const auto posted = succeeded & (bit(Task::post_0) | bit(Task::post_1) | bit(Task::post_2));
        expect((posted & ~runner.taken) == 0, "a post that succeeded is not taken");
        expect(!runner.posts_itself || (runner.taken & bit(Task::post_0)) == 0 ||
                   (runner.taken & bit(Task::post_2)) != 0,
               "a post of the Loop's own thread is not taken");
        expect(runner.is_stopped || (succeeded & bit(Task::stop)) == 0,
               "a stop() that succeeded does not stop the Loop");
        if (scenario.is_kept) return;
        const bool is_held = released < scenario.holds;
        expect(system.is_idle() == (!is_held && system.functions == 0),
               "the KeepAlives are not those that callers have");
        expect(end != RunResult::asleep || !system.is_idle(), "a Loop sleeps that nothing holds");
        expect(end == RunResult::asleep || system.is_idle(), "a Loop ends that is held");
    };
}

Body carries_out(const Scenario& scenario, const Tasks& tasks) {
    return [&](System& system) {
        const bool begins_later = scenario.runs_first || scenario.holds != 0;
        if (begins_later && system.is_run.load(std::memory_order_acquire) == 0) give_up();
        for (const auto task : tasks) {
            pass_milestone(static_cast<Value>(task));
            if (task == Task::stop && has_one_stop(scenario)) system.data_of_stop = 1;
            if (system.carry_out(task)) continue;
            auto& succeeded = system.succeeded[Memory::this_thread() - 2];
            succeeded = succeeded | bit(task);
        }
    };
}

const std::vector<Scenario> scenarios{
    {"two stops", {{Task::stop}, {Task::stop}}},
    {"two releases", {{Task::release}, {Task::release}}, false, 2},
    {"a post and a stop", {{Task::post_0}, {Task::stop}}},
    {"a post and a release", {{Task::post_0}, {Task::release}}, false, 1},
    {"two posts", {{Task::post_0}, {Task::post_1}}},
    {"a post of its own", {{Task::post_0}, {Task::post_1}}, true, 0, true},
    {"three posts", {{Task::post_0, Task::post_1}, {Task::post_2}}},
};
const std::vector<Scenario> scenarios_of_four_threads{
    {"two posts and a stop", {{Task::post_0}, {Task::post_1}, {Task::stop}}, true, 0, false, true},
    {"two posts and a release", {{Task::post_0}, {Task::post_1}, {Task::release}}, false, 1, false, true},
};

Verdict run(const Scenario& scenario, const Weaken& weaken = {}) {
    std::vector<Body> bodies{runs(scenario)};
    for (const auto& tasks : scenario.threads) bodies.push_back(carries_out(scenario, tasks));
    return explore_on<System>(bodies, weaken);
}

void expect_no_fault(const std::vector<Scenario>& all) {
    for (const auto& scenario : all) {
        const auto verdict = run(scenario);
        EXPECT_EQ(verdict.fault, "") << scenario.name << " in this run:\n" << verdict.run;
        EXPECT_GT(verdict.states, 100U) << scenario.name << ": that cannot have been all";
        testing::Test::RecordProperty(std::string("states of ") + scenario.name, std::to_string(verdict.states));
    }
}

TEST(PostProtocolModel, loses_nothing) { expect_no_fault(scenarios); }
TEST(PostProtocolModel, loses_nothing_in_four_threads) { expect_no_fault(scenarios_of_four_threads); }

/// The thread that ran the Loop posts to it when another one runs it: it does not take that for its own.
TEST(PostProtocolModel, a_thread_that_ran_the_loop_wakes_it) {
    const Body runs_first = [](System& system) {
        system.posts.run_by(Memory::this_thread());
        system.posts.run_by(Memory::ThreadId());
        system.is_run.store(1, std::memory_order_release);
        if (!system.carry_out(Task::post_0)) system.succeeded[0] = bit(Task::post_0);
    };
    const Body runs_next = [](System& system) {
        if (system.is_run.load(std::memory_order_acquire) == 0) return;
        Runner runner{system, true, false, false};
        expect(runner.run() == RunResult::asleep, "a Loop ends that a watch keeps");
        expect((system.succeeded[0] & ~runner.taken) == 0, "a post that succeeded is not taken");
    };
    EXPECT_EQ(explore_on<System>({runs_first, runs_next}).fault, "");
}

/// A function is refused or dropped, and is not left behind.
TEST(PostProtocolModel, a_closed_queue_keeps_nothing) {
    const Body closes = [](System& system) {
        system.posts.hold();
        system.posts.close([&] { system.functions = 0; });
        const auto wakes = []() -> std::error_code { fail("the release of a KeepAlive wakes a Loop that is gone"); };
        expect(!system.posts.release(wakes), "the release of a KeepAlive of a Loop that is gone fails");
        join_others();
        expect(system.functions == 0, "a function is kept by a queue that is closed");
    };
    const Body posts = [](System& system) { system.carry_out(Task::post_0); };
    EXPECT_EQ(explore_on<System>({closes, posts}).fault, "");
}

/// Each operation of the flags that asks for an order, made relaxed, is missed in some run; the rest is relaxed. Those
/// of the mutex and of the backend's event are not ours.
TEST(PostProtocolModel, needs_each_order) {
    using Asking = std::pair<std::size_t, Kind>; // the location, and what is done there
    std::set<Asking> asking;
    const auto asks = [](const Operation& operation) {
        constexpr std::size_t flags = 8; // of PostProtocol and StopRequest, which System begins with
        return operation.location < flags && operation.order != std::memory_order_relaxed &&
               (operation.kind == Kind::load || operation.kind == Kind::store || operation.kind == Kind::exchange);
    };
    const Weaken note = [&](std::size_t, Operation& operation) {
        if (asks(operation)) asking.emplace(operation.location, operation.kind);
    };
    for (const auto& scenario : scenarios) run(scenario, note);
    EXPECT_EQ(asking.size(), 2U) << "the release of a request to stop, and its acquire";
    for (const auto& [location, kind] : asking) {
        const Weaken weaken = [&, place = location, what = kind](std::size_t, Operation& operation) {
            if (operation.location == place && operation.kind == what) operation.order = std::memory_order_relaxed;
        };
        bool is_missed = false;
        for (const auto& scenario : scenarios) is_missed = is_missed || !run(scenario, weaken).fault.empty();
        EXPECT_TRUE(is_missed) << "weaker, and still sound: location " << location;
    }
}

/// The model finds what a mutex is there for.
TEST(PostProtocolModel, needs_the_mutex) {
    const Weaken weaken = [](std::size_t, Operation& operation) {
        if (operation.kind == Kind::lock) operation.order = std::memory_order_relaxed;
    };
    EXPECT_NE(run(scenarios.back(), weaken).fault, "");
}

} // namespace
} // namespace pollux::loop::tests
