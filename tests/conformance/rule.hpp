// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "describe.hpp"
#include "sources.hpp"

#include <pollux/conformance.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// What every rule is written with.
namespace pollux::conformance {

using namespace std::chrono_literals;

/// How long a rule waits for what must come: so long that a slow machine never fails it.
inline constexpr std::chrono::nanoseconds patience = 5s;
/// How long a rule listens for what must not come: a fault may slip through, a slow machine never fails it.
inline constexpr std::chrono::nanoseconds moment = 10ms;

inline constexpr Ready both_directions = Ready::readable | Ready::writable;

/// The line of a rule that a fault is reported at. As std::source_location, which clang 14 lacks with libstdc++ 12.
struct Place {
    const char* file;
    int line;
    static constexpr Place current(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
        return {file, line};
    }
};

/// How many rounds a rule of many tries, and for how long: on a slow machine it tries fewer, it does not fail.
class Budget {
  public:
    explicit Budget(int rounds) : rounds_(rounds), most_(is_brief_ ? rounds / 10 : rounds) {}

    /// Whether there is to be a round of this number, counted from 1. The clock is read now and then: a thread that
    /// reads it each time meets others at other moments.
    bool allows(int round) { return round <= most_ && (++asked_ % 16 != 0 || std::chrono::steady_clock::now() < end_); }
    /// How many there should be.
    int rounds() const { return rounds_; }

    /// From now on a tenth of the rounds, and a second instead of twenty. Threads: none; before the first rule.
    static void be_brief() { is_brief_ = true; }

  private:
    static inline bool is_brief_ = false;
    int rounds_, most_;
    unsigned asked_ = 0;
    std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + (is_brief_ ? 1s : 20s);
};

/// One rule of the contract, tried on one subject with a fresh Selector, in a fresh thread.
///
/// Its functions make the test fail by themselves, at the line that called them, and say what was expected and seen.
class Rule : public testing::Test {
  public:
    void try_on(const Subject& subject, const char* label) {
        subject_ = &subject;
        label_ = label;
    }

  protected:
    virtual void check() = 0;

    const Capabilities& capabilities() const { return subject_->capabilities; }
    Selector& selector() { return *selector_; }
    Registrator& registrator() { return selector_->registrator(); }
    /// Another Selector of the subject.
    std::unique_ptr<Selector> open(Place place = Place::current());
    /// Destroys the Selector of this rule.
    void destroy() { selector_.reset(); }
    const Subject& subject() const { return *subject_; }

    // Calls that must succeed.
    void add(Source source, const Watch& watch, Place place = Place::current());
    void modify(Source source, const Watch& watch, Place place = Place::current());
    void remove(Source source, Place place = Place::current());
    void wake(Place place = Place::current());
    /// One select() that must give no error.
    std::vector<Event> select(Timeout timeout = patience, std::size_t room = 64, Place place = Place::current());
    void send(Source source, const std::string& bytes = "x", Place place = Place::current());

    // Expectations.
    void expect(bool holds, const std::string& what, Place place = Place::current());
    void expect_error(std::errc expected, const std::error_code& seen, Place place = Place::current());
    /// The next select() gives this one event and nothing else.
    void expect_event(Token token, Ready ready, Place place = Place::current());
    /// The next select() gives one event of the token, with at least one of the conditions; returns what it has.
    Ready expect_any(Token token, Ready ready, Place place = Place::current());
    /// Nothing comes.
    void expect_quiet(Place place = Place::current());
    /// The same, and select() takes its whole time for that.
    void expect_full_wait(Place place = Place::current());
    /// Events come, if at all, at most a few times: nobody is kept busy with them.
    void expect_no_spin(Place place = Place::current());
    /// A sleep of so long with nothing ready, which a wake ends, takes under 0.5 % of it in processor time, or under
    /// 3 ms of a short one, or as little as the system can tell.
    void expect_idle(std::chrono::nanoseconds time, Place place = Place::current());
    /// The source is not watched.
    void expect_unknown(Source source, Place place = Place::current());

    /// The modes, or kinds of pairs, that the subject offers.
    std::vector<Mode> modes() const;
    std::vector<Kind> kinds() const;
    /// Whether the subject offers the mode. If it does not: that it refuses it as documented, and the rule is
    /// reported as declared unsupported.
    bool offers(Mode mode, Place place = Place::current());
    /// The same for pipes.
    bool offers_pipes(Place place = Place::current());
    /// Whether this system is Wine, and known to break this rule: then the rule is reported as deviating.
    bool deviates();
    /// Reports the rule as declared unsupported, for this reason.
    void declare_unsupported(const Capability& capability);
    /// Reports how many rounds were tried, if they are fewer than there should have been. Of several, the fewest.
    void tell_rounds(int tried, const Budget& budget);

  private:
    void TestBody() override;
    void TearDown() override;
    void try_once();
    const Capability& capability_of(Mode mode) const;

    const Subject* subject_ = nullptr;
    const char* label_ = "";
    std::unique_ptr<Selector> selector_;
    double share_of_rounds_ = 1; // that were tried
};

/// A thread that is joined when this dies.
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

/// A number that one thread raises and another waits for: with a short spin, which is all that two idle processors
/// need, then asleep, so that a single or busy processor is not kept from the other thread.
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
    /// Ends all waiting.
    void release() { raise_to(std::numeric_limits<int>::max()); }

  private:
    std::atomic<int> value_ = 0;
    mutable std::mutex mutex_; // not value_.wait(): libstdc++ 12 loses its wake-ups where there is no futex
    mutable std::condition_variable raised_;
};

/// A thread in select(); when this is made it sleeps there, as far as this system tells, or has returned.
class Sleeper {
  public:
    explicit Sleeper(Selector& selector, Timeout timeout = forever);
    ~Sleeper();
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;

    /// What its select() returned; if it has not within the patience of rules, nothing, and it is woken.
    std::vector<Event> events();
    /// Whether select() has returned.
    bool has_returned() const { return returned_; }

  private:
    Selector& selector_;
    std::atomic<bool> begun_ = false, returned_ = false;
    int number_ = 0; // written before begun_
    std::vector<Event> events_;
    std::thread thread_;
};

/// A rule as it is listed for the runner.
struct ListedRule {
    const char* group;
    const char* behaviour;
    const char* label;
    const char* file;
    int line;
    Rule* (*make)();
};

std::vector<ListedRule>& listed_rules();

/// A rule that this system gives no meaning to, so that it is not listed; and why.
struct AbsentRule {
    const char* label;
    const char* reason;
};

std::span<const AbsentRule> absent_rules();
/// Those of POSIX systems, where that depends on what this process may do.
std::span<const AbsentRule> absent_rules_of_process();

struct RuleListing {
    explicit RuleListing(const ListedRule& rule) { listed_rules().push_back(rule); }
};

} // namespace pollux::conformance

/// One rule, one test: RULE(add, duplicate) tries what a public header promises under the label [add.duplicate]. The
/// comment above it is its sentence in docs/contract.md.
#define RULE(group, behaviour)                                                                                         \
    namespace {                                                                                                        \
    class rule_##group##_##behaviour final : public ::pollux::conformance::Rule {                                      \
        void check() override;                                                                                         \
    };                                                                                                                 \
    const ::pollux::conformance::RuleListing listing_##group##_##behaviour{                                            \
        {#group, #behaviour, #group "." #behaviour, __FILE__, __LINE__,                                                \
         []() -> ::pollux::conformance::Rule* { return new rule_##group##_##behaviour; }}};                            \
    }                                                                                                                  \
    void rule_##group##_##behaviour::check()
