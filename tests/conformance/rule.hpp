// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "calls.hpp"
#include "circumstance.hpp"
#include "describe.hpp"
#include "findings.hpp"
#include "listing.hpp"
#include "results.hpp"
#include "sources.hpp"

#include <pollux/conformance/conformance.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

/// The base class of all rules, and the classes that they use.
namespace pollux::conformance {

using namespace std::chrono_literals;

/// How long a rule waits for an expected event: long enough that a slow machine never fails it.
inline constexpr std::chrono::nanoseconds patience = 5s;
/// How long a rule waits for an event that must not be reported. A defect may go unnoticed; a slow machine never fails.
inline constexpr std::chrono::nanoseconds moment = 10ms;

inline constexpr Ready both_directions = Ready::readable | Ready::writable;

/// A SourceLocation is the line of a rule that a failure is reported at. It replaces std::source_location, which clang
/// 14 lacks with libstdc++ 12.
struct SourceLocation {
    const char* file;
    int line;
    static constexpr SourceLocation current(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
        return {file, line};
    }
};

/// A Budget limits the rounds of a rule, and their time: a slow machine runs fewer rounds, and does not fail.
class Budget {
  public:
    explicit Budget(int rounds) : rounds_(rounds), most_(is_brief_ ? rounds / 10 : rounds) {}

    /// Whether this round, counted from 1, is to be run. The clock is read once in 16 calls only, since reading it
    /// changes the timing of the threads.
    bool allows(int round) {
        Recorder::current().note_progress();
        return round <= most_ && (++calls_ % 16 != 0 || std::chrono::steady_clock::now() < end_);
    }
    /// The number of rounds of a full run.
    int rounds() const { return rounds_; }

    /// A time that a rule spends on chance, which brief runs reduce to a quarter.
    static std::chrono::nanoseconds shortened(std::chrono::nanoseconds time) { return is_brief_ ? time / 4 : time; }

    /// Reduces later Budgets to a tenth of the rounds, and from 20 s to 1 s. Threads: call it before the first rule.
    static void set_brief() { is_brief_ = true; }
    static bool is_brief() { return is_brief_; }

  private:
    static inline bool is_brief_ = false;
    int rounds_, most_;
    unsigned calls_ = 0;
    std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + (is_brief_ ? 1s : 20s);
};

class Isolation;

/// A RunContext is what the rules of one run share.
struct RunContext {
    Isolation* isolation; // where rules run; null: in this process
    const Expectations& expectations;
    Results& latest; // of this iteration
    Results& all;    // of all iterations
};

/// A Rule tests one rule of the contract on one subject, with a new Selector, in a new thread.
///
/// Its functions report a failure at the line of the caller, with what was expected and what was seen.
class Rule : public testing::Test {
  public:
    /// `run`: null in a process of an Isolation, where only run_here() is called.
    void try_on(const Subject& subject, const ListedRule& rule, RunContext* run) {
        subject_ = &subject;
        rule_ = &rule;
        run_ = run;
    }
    /// Runs the rule in this process.
    void run_here();
    /// The name that an Isolation has for it.
    std::string name() const { return subject_->name + "/" + label(); }

  protected:
    virtual void check() = 0;

    const Capabilities& capabilities() const { return subject_->capabilities; }
    Selector& selector() { return *selector_; }
    Registrator& registrator() { return selector_->registrator(); }
    /// Opens another Selector of the subject.
    std::unique_ptr<Selector> open(SourceLocation location = SourceLocation::current());
    /// Destroys the Selector of this rule.
    void destroy() { selector_.reset(); }
    const Subject& subject() const { return *subject_; }

    // Calls that must succeed.
    void add(Source source, const Watch& watch, SourceLocation location = SourceLocation::current());
    void modify(Source source, const Watch& watch, SourceLocation location = SourceLocation::current());
    void remove(Source source, SourceLocation location = SourceLocation::current());
    void wake(SourceLocation location = SourceLocation::current());
    /// Calls select(), which must return no error.
    std::vector<Event> select(Timeout timeout = patience, std::size_t room = 64,
                              SourceLocation location = SourceLocation::current());
    void send(Source source, const std::string& bytes = "x", SourceLocation location = SourceLocation::current());

    /// Whether an expectation was not met.
    static bool has_failed() { return Recorder::current().has_failed(); }
    /// Adds a property to the report of this rule.
    static void record(std::string_view key, std::string_view value) { Recorder::current().add_property(key, value); }

    // Expectations.
    void expect(bool holds, const std::string& what, SourceLocation location = SourceLocation::current());
    void expect_error(std::errc expected, const std::error_code& seen,
                      SourceLocation location = SourceLocation::current());
    /// Expects the next select() to return this event and no other.
    void expect_event(Token token, Ready ready, SourceLocation location = SourceLocation::current());
    /// Expects the next select() to return one event of the token, with at least one of the conditions; returns all of
    /// its conditions.
    Ready expect_any(Token token, Ready ready, SourceLocation location = SourceLocation::current());
    /// Expects no event.
    void expect_quiet(SourceLocation location = SourceLocation::current());
    /// Expects no event, and that select() waits for the whole timeout.
    void expect_full_wait(SourceLocation location = SourceLocation::current());
    /// Expects at most a few events and then none, so that the program does not spin.
    void expect_no_spin(SourceLocation location = SourceLocation::current());
    /// Expects select() to report events, or to sleep without a use of processor time; `is_level`: whether it may
    /// report events again and again.
    void expect_events_or_sleep(bool is_level, SourceLocation location = SourceLocation::current());
    /// Expects a sleep of `time` with nothing ready, which a wake ends, to take less than 0.5 % of it as processor
    /// time, or less than 3 ms or two ticks of the system's measurement, whichever is most.
    void expect_idle(std::chrono::nanoseconds time, SourceLocation location = SourceLocation::current());
    /// Expects that the source is not watched.
    void expect_unknown(Source source, SourceLocation location = SourceLocation::current());

    /// A mode that the subject offers: oneshot, or edge, or level, the first of these. For rules of all modes.
    Mode any_mode() const {
        return capabilities().oneshot ? Mode::oneshot : capabilities().edge ? Mode::edge : Mode::level;
    }
    /// The longest time that a wait may take on an idle machine: decision 52.
    std::chrono::nanoseconds longest(std::chrono::nanoseconds wait) const {
        return wait + std::max(capabilities().timeout_resolution, wait / 100);
    }
    /// The modes, and kinds of pairs, that the subject offers.
    std::vector<Mode> modes() const;
    std::vector<Kind> kinds() const;
    /// Whether the subject offers the mode. If it does not, expects the documented refusal, and reports the rule as
    /// declared unsupported.
    bool offers(Mode mode, SourceLocation location = SourceLocation::current());
    /// Whether the subject offers pipes, with the same expectations if it does not.
    bool offers_pipes(SourceLocation location = SourceLocation::current());
    /// Whether this system is Wine and known to break this rule; then reports the rule as deviating.
    bool deviates();
    /// Reports the rule as declared unsupported, for this reason.
    void declare_unsupported(const Capability& capability);
    /// Reports the number of rounds if they are fewer than those of a full run; of several reports, the smallest share.
    void report_rounds(int tried, const Budget& budget);

  private:
    void TestBody() override;
    void try_once();
    bool offers_needs();
    void expect_thread_refused();
    void expect_number_refused();
    std::optional<Findings> findings_of_this_process(const Expectation* expectation);
    const char* label() const { return rule_->label; }
    /// Reports a failure, with the calls that led to it.
    void fail(const std::string& what, const SourceLocation& location) const;
    void expect_success(const char* function, Call call, SourceLocation location);
    const Capability& capability_of(Mode mode) const;

    const Subject* subject_ = nullptr;
    const ListedRule* rule_ = nullptr;
    RunContext* run_ = nullptr;
    mutable std::atomic<int> failures_ = 0;
    std::unique_ptr<Selector> selector_;
    double share_of_rounds_ = 1; // that were run
};

/// A Thread runs a function, and its destructor joins it.
class Thread {
  public:
    explicit Thread(std::function<void()> body) : thread_(std::move(body)) {}
    ~Thread() { join(); }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;
    void join() {
        if (thread_.joinable()) thread_.join();
    }

  private:
    std::thread thread_;
};

/// A Count is a counter that one thread raises and another waits for: with a short spin, which suffices on two idle
/// processors, then asleep, so that it does not keep a single or busy processor from the other thread.
class Count {
  public:
    int value() const { return value_.load(std::memory_order_acquire); }
    void raise_to(int number) {
        value_.store(number, std::memory_order_release);
        const std::lock_guard lock(mutex_);
        raised_.notify_one();
    }
    void wait_for(int number) const {
        for (int spin = 0; spin < 10000; ++spin) {
            if (value() >= number) return;
        }
        std::unique_lock lock(mutex_);
        raised_.wait(lock, [&] { return value() >= number; });
    }
    /// Ends all waits.
    void release() { raise_to(std::numeric_limits<int>::max()); }

  private:
    std::atomic<int> value_ = 0;
    mutable std::mutex mutex_; // not value_.wait(): libstdc++ 12 loses its wake-ups where there is no futex
    mutable std::condition_variable raised_;
};

/// A Sleeper runs a thread in select(). When the constructor returns, the thread sleeps there, as far as this system
/// reports it, or has returned.
class Sleeper {
  public:
    explicit Sleeper(Selector& selector, Timeout timeout = forever);
    ~Sleeper();
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;

    /// Waits for select() and returns its events; after `patience` wakes it and returns none.
    std::vector<Event> events();
    /// Whether select() has returned.
    bool has_returned() const { return returned_; }
    /// Whether select() returns within `patience`.
    bool returns() const;
    /// The thread in select(), for pthread_kill(); valid until events().
    std::thread::native_handle_type handle() { return thread_.native_handle(); }

  private:
    Selector& selector_;
    std::atomic<bool> begun_ = false, returned_ = false;
    int number_ = 0; // written before begun_
    std::vector<Event> events_;
    std::thread thread_;
};

} // namespace pollux::conformance
