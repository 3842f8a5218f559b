// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../conformance/process.hpp"
#include "../harness/pipe.hpp"
#include "../harness/rule.hpp"
#include "../harness/scripted_selector.hpp"

#include <pollux/loop/loop.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace pollux::loop::tests {

using namespace std::chrono_literals;
using harness::backends;
using harness::canceled;
using harness::Change;
using harness::offers_all;
using harness::Pipe;

using Clock = std::chrono::steady_clock;
using Names = std::vector<std::string>;
using ChangeKind = Change::Kind;

/// How long a test waits for an expected event: no machine is that slow.
inline constexpr std::chrono::nanoseconds patience = 30s;

inline Request request(const std::string& backend) {
    return {.backend = backend, .folders = {harness::folder_of_plugins()}};
}

/// A Thrown holds the error and the message of a std::system_error.
struct Thrown {
    std::error_code error = {};
    std::string text = {};
};

/// Returns what an action throws; empty if it throws nothing.
Thrown thrown_by(const auto& action) {
    try {
        action();
    } catch (const std::system_error& error) {
        return {error.code(), error.what()};
    }
    return {};
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Counts the bytes of a source up to its end, as in docs/loop.md. One call reads at most 4096.
inline std::size_t count_bytes(Loop& loop, Source source, Mode mode) {
    std::size_t bytes = 0;
    Watcher watcher = loop.watch(source, Ready::readable, mode, [&](Ready) {
        for (auto outcome = conformance::read(source, 4096); !outcome.error;) {
            if (outcome.bytes == 0) return watcher.close();
            bytes += outcome.bytes;
            if (mode != Mode::edge) return;
            outcome = conformance::read(source, 4096);
        }
    });
    loop.run();
    return bytes;
}

/// A Watchdog stops a run() that does not end, and fails the test.
class Watchdog {
  public:
    explicit Watchdog(Loop& loop)
        : timer_(loop.after(patience, [&loop] {
              ADD_FAILURE() << "the Loop is still running";
              static_cast<void>(loop.stop());
          })) {
        timer_.in_background();
    }

  private:
    Timer timer_;
};

/// An Asleep lets other threads wait until a Loop sleeps. Constructed by the thread that is about to run the Loop.
class Asleep {
  public:
    explicit Asleep(Loop& loop) {
        static_cast<void>(loop.defer([begun = begun_] { *begun = true; }));
    }

    /// Returns when the Loop is, or has been, in a turn.
    void wait_for_turn() const {
        while (!*begun_) std::this_thread::yield();
    }
    /// Returns when the Loop sleeps, as far as the system reports it.
    void wait() const {
        wait_for_turn();
        conformance::wait_until_asleep(thread_, [] { return false; });
    }

  private:
    // Shared, since the Loop may be stopped before it calls the callback.
    std::shared_ptr<std::atomic<bool>> begun_ = std::make_shared<std::atomic<bool>>(false);
    int thread_ = conformance::thread_number();
};

/// A Scripted is a Loop with a scripted backend, which keeps watches and reports the sources that the test sets.
class Scripted {
  public:
    using Reports = std::vector<std::pair<Source, Ready>>;

    explicit Scripted(const LoopOptions& options = {})
        : loop(std::make_unique<harness::ScriptedSelector>(record, [this](std::size_t) { return answer(); }), options) {
    }

    /// Sets the events of the next select() without earlier reports.
    void reports(Reports next) { reports_.push_back(std::move(next)); }

    /// Makes each later select(), or each `every`-th, return the token that the source has now, and no other event.
    void keeps_reporting(Source source, std::size_t every = 1) {
        every_ = every;
        for (const auto& change : record->changes) {
            if (change.source == source && change.kind != ChangeKind::remove) lingering_ = change.watch.token;
        }
    }

    /// The calls of the Registrator since the last call of changes().
    Names changes() {
        Names all;
        for (; seen_ < record->changes.size(); ++seen_) {
            const auto& change = record->changes[seen_];
            const auto number = std::to_string(change.source);
            const auto interest = std::to_string(static_cast<int>(change.watch.interest));
            if (change.kind == ChangeKind::remove) all.push_back("remove " + number);
            if (change.kind == ChangeKind::add) all.push_back("add " + number + " " + interest);
            if (change.kind == ChangeKind::modify) all.push_back("modify " + number + " " + interest);
        }
        return all;
    }

    /// The number of select() calls that could have slept.
    std::size_t sleeps() const {
        std::size_t count = 0;
        for (const auto timeout : record->timeouts) count += timeout == Timeout(0ns) ? 0 : 1;
        return count;
    }

    /// Runs turns that poll without sleeping.
    void turn(int turns = 1) {
        for (int i = 0; i < turns; ++i) loop.run_for(0ns);
    }

    static constexpr Source wakes = static_cast<Source>(-2);

    const std::shared_ptr<harness::Record> record = std::make_shared<harness::Record>();

  private:
    harness::ScriptedSelector::Answer answer() {
        if (lingering_ && record->timeouts.size() % every_ != 0) return {};
        if (lingering_) return {{{*lingering_, Ready::readable}}, {}};
        if (reports_.empty()) {
            // It would sleep for ever: the test has failed, and must not hang.
            if (record->timeouts.back()) return {};
            return {{}, make_error_code(std::errc::resource_deadlock_would_occur)};
        }
        std::map<Source, Token> tokens{{wakes, wake_token}};
        for (const auto& change : record->changes) {
            if (change.kind == ChangeKind::remove) {
                tokens.erase(change.source);
            } else {
                tokens[change.source] = change.watch.token;
            }
        }
        std::vector<Event> events;
        for (const auto& [source, ready] : reports_.front()) {
            if (tokens.count(source)) events.push_back({tokens[source], ready});
        }
        reports_.pop_front();
        return {events, {}};
    }

    std::deque<Reports> reports_;
    std::size_t seen_ = 0;
    std::optional<Token> lingering_;
    std::size_t every_ = 1;

  public:
    Loop loop; // its backend uses all of the above
};

constexpr Ready both = Ready::readable | Ready::writable;

} // namespace pollux::loop::tests
