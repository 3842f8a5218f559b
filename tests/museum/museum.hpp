// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../loop/loop_test.hpp"

#include <pollux/loop/loop.hpp>
#include <pollux/poll.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

/// Tests of public bugs of other event loops, written for this project and run over each backend. docs/museum.md lists
/// them, docs/testing.md explains how to add one. POSIX only.
namespace pollux::museum {

using namespace std::chrono_literals;
using conformance::Kind;
using conformance::make_pair;
using conformance::Owned;
using conformance::Pair;
using loop::tests::Asleep;
using loop::tests::both;
using loop::tests::patience;
using loop::tests::request;
using loop::tests::Watchdog;

/// How long a test waits for an event that must not be reported. A slow machine may miss a defect.
inline constexpr std::chrono::nanoseconds moment = 20ms;

/// The number of polls within `moment` that is no spin: a spin makes thousands.
inline constexpr std::uint64_t few = 30;

/// An Exclusion is a backend on which a test does not run, and the reason. docs/museum.md and the program's output name
/// each.
struct Exclusion {
    const char* backend;
    const char* reason;
    bool applies = true;
};

#ifdef __SANITIZE_THREAD__
inline constexpr bool under_thread_sanitizer = true;
#else
inline constexpr bool under_thread_sanitizer = false;
#endif

/// A Registration adds a function as one test for each backend of this system that is not excluded.
class Registration {
  public:
    using Function = void (*)(const std::string& backend);
    Registration(const char* name, const char* description, const char* file, int line, Function function,
                 std::span<const Exclusion> exclusions);
};

/// Defines the test of a bug: a function of `backend`, the name of a backend. `reports` are the public reports of the
/// bug as owner/project#number, separated by commas; `sentence` describes what the program did, and what went wrong
/// there. An array of Exclusions may follow.
#define REPORTED_BUG(name, reports, sentence, ...)                                                                     \
    static void name(const std::string& backend);                                                                      \
    static const ::pollux::museum::Registration registration_of_##name(#name, reports ": " sentence, __FILE__,         \
                                                                       __LINE__, &name, {__VA_ARGS__});                \
    static void name([[maybe_unused]] const std::string& backend)

/// The modes that the backend offers.
std::vector<Mode> modes_of(const Choice& choice);
bool offers_edge(const Choice& choice);

/// A CheckedPoll is a Poll whose calls have to succeed, with expectations of what it reports.
class CheckedPoll {
  public:
    explicit CheckedPoll(const std::string& backend) : poll(request(backend)) {}

    void add(Source source, Ready interest, Mode mode = Mode::level, Token token = Token{1});
    void modify(Source source, Ready interest, Mode mode = Mode::level, Token token = Token{1});
    void remove(Source source);

    /// Returns the conditions of the next event, which has to have this token; none, and a failure, without an event.
    Ready next(Token token = Token{1});
    /// Waits until all the conditions have been reported with the token, in one event or several.
    bool reports(Ready conditions, Token token = Token{1});
    /// Whether nothing is reported for a moment.
    bool is_quiet();

    Poll poll;
    Events events{64};
};

/// Rounds counts the rounds of a test that fails in few of them: `most`, or as many as two seconds allow. A sanitizer
/// makes fork(2) a hundred times slower.
class Rounds {
  public:
    explicit Rounds(int most) : left_(most) {}
    bool next() { return left_-- > 0 && loop::tests::Clock::now() < end_; }

  private:
    int left_;
    loop::tests::Clock::time_point end_ = loop::tests::Clock::now() + 2s;
};

/// Runs the Loop until the condition holds; false if it does not within `patience`.
bool turn_until(loop::Loop& loop, const std::function<bool()>& condition);

/// Watches with a callback that takes the error of a refusal, too: void(Ready, std::error_code).
template <typename Called>
void watch_with_error(loop::Loop& loop, loop::Watcher& watcher, Source source, Ready interest, Mode mode,
                      Called called) {
    if constexpr (requires { loop.watch(source, interest, mode, called); }) {
        watcher = loop.watch(source, interest, mode, std::move(called));
    } else {
        watcher = loop.watch(source, interest, mode,
                             [&watcher, called](Ready ready) mutable { called(ready, watcher.error()); });
    }
}

/// Runs an idle Loop for a moment, and returns how many times it has polled its backend.
std::uint64_t polls_when_idle(loop::Loop& loop);

/// Forks. The child runs `body`, and passes by _exit() if no expectation failed. Returns the child.
pid_t fork_child(const std::function<void()>& body);
/// Waits for the child, which is killed when it does not end within a minute. Empty if it passed, otherwise how it
/// ended.
std::string outcome_of(pid_t child);
/// Runs `body` in a child process, for tests that change the whole process.
inline std::string in_child(const std::function<void()>& body) { return outcome_of(fork_child(body)); }

/// Reopens a Poll or Loop in a forked child.
template <typename Opened>
void reopen(Opened& opened) {
    if constexpr (!requires { opened.reopen(); }) {
        ADD_FAILURE() << "there is no reopen()";
    } else if constexpr (std::is_void_v<decltype(opened.reopen())>) {
        static_cast<void>(opened.reopen());
    } else {
        EXPECT_FALSE(opened.reopen());
    }
}

/// A SignalHandler installs a handler of a signal, and restores the former one when it is destroyed.
class SignalHandler {
  public:
    SignalHandler(int signal, void (*handler)(int), int flags = 0);
    ~SignalHandler();
    SignalHandler(const SignalHandler&) = delete;
    SignalHandler& operator=(const SignalHandler&) = delete;

  private:
    struct Before;
    std::unique_ptr<Before> before_;
    int signal_;
};

} // namespace pollux::museum
