// SPDX-License-Identifier: BSL-1.0
#include "rule.hpp"

#include "isolation.hpp"
#include "process.hpp"
#include "watchdog.hpp"
#include "wine.hpp"

#include <pollux/open.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <exception>
#include <mutex>
#include <sstream>
#include <string_view>

namespace pollux::conformance {
namespace {

void fail(const std::string& what, const SourceLocation& location) {
    Recorder::current().add_failure(location.file, location.line, what);
}

void print_lines(const std::string& output) {
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) std::printf("    | %s\n", escaped(line).c_str());
}

} // namespace

Sleeper::Sleeper(Selector& selector, Timeout timeout)
    : selector_(selector), thread_([this, timeout] {
          std::array<Event, 16> buffer{};
          std::error_code error;
          number_ = thread_number();
          begun_ = true;
          const auto seen = selector_.select(buffer, timeout, error);
          events_.assign(seen.begin(), seen.end());
          returned_ = true;
      }) {
    while (!begun_) std::this_thread::yield();
    wait_until_asleep(number_, [this] { return returned_.load(); });
}

Sleeper::~Sleeper() { events(); }

bool Sleeper::returns() const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!returned_ && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(100us);
    return returned_;
}

std::vector<Event> Sleeper::events() {
    if (!thread_.joinable()) return events_;
    const bool in_time = returns();
    if (!in_time) static_cast<void>(selector_.registrator().wake());
    thread_.join();
    if (!in_time) events_.clear();
    return events_;
}

std::vector<ListedRule>& listed_rules() {
    static std::vector<ListedRule> rules;
    return rules;
}

std::span<const AbsentRule> absent_rules() {
#ifdef _WIN32
    static constexpr const char* no_limit = "Windows has no limit of handles that a process can lower";
    static constexpr const char* no_descriptor = "Windows has no descriptor that stands for a set of sockets";
    static constexpr const char* no_fork = "Windows has no fork()";
    static constexpr const char* no_table = "the sources of the table are those of Linux";
    static constexpr std::array<AbsentRule, 23> absent{
        {{"accept.no_descriptor", no_limit},
         {"descriptor.ends_foreign_wait", no_descriptor},
         {"descriptor.quiet_when_not", no_descriptor},
         {"descriptor.readable_when_ready", no_descriptor},
         {"descriptor.same", no_descriptor},
         {"descriptor.wakes", no_descriptor},
         {"fork.calls_refused", no_fork},
         {"fork.child_destroys", no_fork},
         {"fork.parent_unharmed", no_fork},
         {"open.limits", no_limit},
         {"priority.once", "Windows has no source that reports a change once"},
         {"selector.descriptors_closed_while_waiting",
          "no other part of a Windows process knows the handles of a Selector"},
         {"selector.descriptors_closed", "Windows has no closefrom()"},
         {"selector.lowered_limit", no_limit},
         {"selector.lowered_limit_no_spin", no_limit},
         {"selector.standard_streams", "Windows does not give standard streams the lowest numbers"},
         {"signal.returns", "Windows has no signals"},
         {"table.batches", no_table},
         {"table.changes", no_table},
         {"table.descriptors", no_table},
         {"table.states", no_table},
         {"table.threads", no_table},
         {"table.while_asleep", no_table}}};
    return absent;
#else
    return absent_rules_of_process();
#endif
}

std::unique_ptr<Selector> Rule::open(SourceLocation location) {
    OpenFailure failure;
    auto opened = subject_->open(failure);
    if (!opened) fail("expected a Selector, seen: " + describe(failure), location);
    return opened;
}

void Rule::TestBody() {
    if (!isolation_) {
        const Watchdog watchdog("rule [" + std::string(label_) + "] on " + subject_->name);
        return run_here();
    }
    const auto findings = isolation_->findings_of(name());
    for (const auto& [key, value] : findings.properties) RecordProperty(key, value);
    for (const auto& [file, line, text] : findings.failures) ADD_FAILURE_AT(file.c_str(), line) << text;
    if (findings.failures.empty() || findings.output.empty()) return;
    std::printf("its output:\n");
    print_lines(findings.output);
}

void Rule::run_here() {
    // In a thread of its own, which ends with all that the kernel still has for it: Linux interrupts a thread, as a
    // signal does, some time after it has closed an io_uring (io_ring_exit_work() in io_uring/io_uring.c), and that
    // would end a sleep of the next rule, on any backend.
    Thread([this] { try_once(); }).join();
}

void Rule::try_once() {
    try {
        selector_ = open();
        if (selector_) check();
    } catch (const std::exception& thrown) {
        fail("expected: no exception\n    seen: " + std::string(thrown.what()), SourceLocation::current());
    }
    selector_.reset();
}

void Rule::TearDown() {
    if (HasFailure()) std::printf("rule [%s] is broken by %s\n", label_, subject_->name.c_str());
}

void Rule::expect(bool holds, const std::string& what, SourceLocation location) {
    if (!holds) fail(what, location);
}

void Rule::expect_error(std::errc expected, const std::error_code& seen, SourceLocation location) {
    if (seen != expected)
        fail("expected: " + describe(make_error_code(expected)) + "\n    seen: " + describe(seen), location);
    if (seen && seen.category() != std::generic_category())
        fail("expected: an error of std::generic_category()\n    seen: one of " + std::string(seen.category().name()),
             location);
}

void Rule::add(Source source, const Watch& watch, SourceLocation location) {
    const auto error = registrator().add(source, watch);
    if (error) fail("expected: add() succeeds\n    seen: " + describe(error), location);
}

void Rule::modify(Source source, const Watch& watch, SourceLocation location) {
    const auto error = registrator().modify(source, watch);
    if (error) fail("expected: modify() succeeds\n    seen: " + describe(error), location);
}

void Rule::remove(Source source, SourceLocation location) {
    const auto error = registrator().remove(source);
    if (error) fail("expected: remove() succeeds\n    seen: " + describe(error), location);
}

void Rule::wake(SourceLocation location) {
    const auto error = registrator().wake();
    if (error) fail("expected: wake() succeeds\n    seen: " + describe(error), location);
}

std::vector<Event> Rule::select(Timeout timeout, std::size_t room, SourceLocation location) {
    Recorder::current().note_progress();
    std::vector<Event> buffer(room);
    auto error = make_error_code(std::errc::io_error); // select() has to clear it
    const auto events = selector_->select(buffer, timeout, error);
    if (error) fail("expected: select() succeeds\n    seen: " + describe(error), location);
    return {events.begin(), events.end()};
}

void Rule::send(Source source, const std::string& bytes, SourceLocation location) {
    const auto [written, error] = write(source, bytes);
    if (written != bytes.size()) fail("the test cannot write: " + describe(error), location);
}

void Rule::expect_event(Token token, Ready ready, SourceLocation location) {
    const auto seen = select(patience, 64, location);
    if (seen.size() != 1 || seen[0].token != token || seen[0].ready != ready)
        fail("expected: " + describe(Event{token, ready}) + "\n    seen: " + describe(seen), location);
}

Ready Rule::expect_any(Token token, Ready ready, SourceLocation location) {
    const auto seen = select(patience, 64, location);
    if (seen.size() == 1 && seen[0].token == token && any(seen[0].ready & ready)) return seen[0].ready;
    fail("expected: one event of token " + std::to_string(static_cast<std::uint64_t>(token)) + " with any of " +
             describe(ready) + "\n    seen: " + describe(seen),
         location);
    return Ready::none;
}

void Rule::expect_quiet(SourceLocation location) {
    const auto seen = select(moment, 64, location);
    if (!seen.empty()) fail("expected: no event\n    seen: " + describe(seen), location);
}

void Rule::expect_full_wait(SourceLocation location) {
    const auto begun = std::chrono::steady_clock::now();
    expect_quiet(location);
    expect(std::chrono::steady_clock::now() - begun >= moment,
           "expected: select() waits for its timeout, seen: it returns early", location);
}

void Rule::expect_no_spin(SourceLocation location) {
    constexpr int few = 8;
    for (int times = 0; times <= few; ++times) {
        const auto seen = select(moment, 64, location);
        if (seen.empty()) return;
        if (times == few) fail("expected: no event after a few\n    seen: more events, " + describe(seen), location);
    }
}

void Rule::expect_idle(std::chrono::nanoseconds time, SourceLocation location) {
    // The best of three, since other threads of this process may have work once, not each time. Starting and ending the
    // alarm's thread is not measured: under a sanitizer it takes 1 ms, and a sleep and its wake 0.3 ms.
    const auto most = std::max({time / 200, std::chrono::nanoseconds(3ms), 2 * processor_time_tick()});
    auto best = std::chrono::nanoseconds::max();
    for (int attempt = 0; attempt < 3 && best >= most; ++attempt) {
        std::atomic<bool> started = false;
        std::mutex measuring;
        std::unique_lock measures(measuring);
        Thread alarm([&] {
            started = true;
            std::this_thread::sleep_for(time);
            static_cast<void>(registrator().wake());
            const std::scoped_lock until_measured(measuring);
        });
        while (!started) std::this_thread::yield();
        const auto before = processor_time();
        const auto seen = select(forever, 64, location);
        best = std::min(best, processor_time() - before);
        measures.unlock();
        if (seen.size() != 1 || seen[0].token != wake_token)
            fail("expected: select() sleeps until the wake\n    seen: " + describe(seen), location);
    }
    if (best >= most)
        fail("expected: under " + std::to_string(most.count() / 1000) +
                 " us of processor time\n    seen: " + std::to_string(best.count() / 1000) + " us",
             location);
}

void Rule::expect_events_or_sleep(bool is_level, SourceLocation location) {
    // The best of a few, as in expect_idle().
    const auto most = std::max<std::chrono::nanoseconds>(3ms, 2 * processor_time_tick());
    constexpr int few = 6;
    auto best = std::chrono::nanoseconds::max();
    int sleeps = 0;
    for (int call = 0; call < few && best >= most; ++call) {
        const auto before = processor_time();
        if (!select(moment, 64, location).empty()) continue;
        best = std::min(best, processor_time() - before);
        ++sleeps;
    }
    if (sleeps == 0 && !is_level) fail("expected: no event after a few\n    seen: more events", location);
    if (sleeps > 0 && best >= most)
        fail("expected: select() reports or sleeps\n    seen: without an event it takes " +
                 std::to_string(best.count() / 1000) + " us of processor time",
             location);
}

void Rule::expect_unknown(Source source, SourceLocation location) {
    const auto error = registrator().remove(source);
    if (error != std::errc::no_such_file_or_directory)
        fail("expected: the source is not watched, and remove() returns: " +
                 describe(make_error_code(std::errc::no_such_file_or_directory)) + "\n    seen: " + describe(error),
             location);
}

std::vector<Mode> Rule::modes() const {
    std::vector<Mode> offered;
    for (const Mode mode : {Mode::oneshot, Mode::level, Mode::edge}) {
        if (capability_of(mode)) offered.push_back(mode);
    }
    return offered;
}

std::vector<Kind> Rule::kinds() const {
    std::vector<Kind> offered;
    if (capabilities().sockets) offered = {Kind::tcp, Kind::local};
    if (capabilities().pipes) offered.push_back(Kind::pipe);
    return offered;
}

const Capability& Rule::capability_of(Mode mode) const {
    return mode == Mode::oneshot ? capabilities().oneshot
           : mode == Mode::level ? capabilities().level
                                 : capabilities().edge;
}

bool Rule::offers(Mode mode, SourceLocation location) {
    if (capability_of(mode)) return true;
    const auto pair = make_pair(Kind::local);
    expect_error(std::errc::operation_not_supported, registrator().add(pair.near, {Token{1}, Ready::readable, mode}),
                 location);
    expect_unknown(pair.near, location);
    declare_unsupported(capability_of(mode));
    return false;
}

bool Rule::offers_pipes(SourceLocation location) {
    if (capabilities().pipes) return true;
    const auto pair = make_pair(Kind::pipe);
    for (const Source end : {pair.near.get(), pair.far.get()}) {
        expect_error(std::errc::operation_not_supported, registrator().add(end, {Token{1}, Ready::readable}), location);
        expect_unknown(end, location);
    }
    declare_unsupported(capabilities().pipes);
    return false;
}

bool Rule::deviates() {
    const auto all = wine_deviations();
    const auto known = std::ranges::find(all, std::string_view(label_), &WineDeviation::label);
    if (!wine_version() || known == all.end()) return false;
    record("deviates", known->reason);
    return true;
}

void Rule::report_rounds(int tried, const Budget& budget) {
    const auto share = static_cast<double>(tried) / budget.rounds();
    if (share >= share_of_rounds_) return;
    share_of_rounds_ = share;
    record("cut_short", std::to_string(tried) + " of " + std::to_string(budget.rounds()) + " rounds");
}

void Rule::declare_unsupported(const Capability& capability) { record("declared_unsupported", capability.reason); }

} // namespace pollux::conformance
