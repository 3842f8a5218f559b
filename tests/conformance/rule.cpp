// SPDX-License-Identifier: BSL-1.0
#include "rule.hpp"

#include "explanations.hpp"
#include "isolation.hpp"
#include "watchdog.hpp"
#include "wine.hpp"

#include <pollux/open.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string_view>
#include <utility>

namespace pollux::conformance {
namespace {

void print_lines(const std::string& output) {
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) std::printf("    | %s\n", escaped(line).c_str());
}

/// Prints what GoogleTest does not print of a rule that is broken.
void print_more(const RuleResult& result, const std::string& subject) {
    if (result.findings.failures.empty() || result.outcome == Outcome::unexpected_pass) return;
    if (!is_error(result.outcome)) {
        for (const auto& [file, line, text] : result.findings.failures)
            std::printf("%s:%d: %s\n%s\n", file.c_str(), line, name_of(result.outcome), text.c_str());
    }
    if (!result.findings.output.empty()) {
        std::printf("its output:\n");
        print_lines(result.findings.output);
    }
    std::printf("rule [%s] is broken by %s\n", result.rule->label, subject.c_str());
    if (!result.reason.empty()) std::printf("    as is expected: %s\n", escaped(result.reason).c_str());
    if (is_error(result.outcome)) {
        std::printf("    what commonly breaks it: %s\n    more: --explain %s\n",
                    explanation_of(*result.rule).what_breaks.c_str(), result.rule->label);
    }
}

/// Returns the texts of two errors, for "expected: ... seen: ...", which differ even if the messages are equal.
std::string difference(const std::error_code& expected, const std::error_code& seen) {
    auto text = "expected: " + describe(expected) + "\n    seen: " + describe(seen);
    if (describe(expected) != describe(seen)) return text;
    const bool is_copy = std::string_view(expected.category().name()) == seen.category().name();
    return text + "\n    the messages are equal, but the errors are of different categories: " +
           (is_copy ? "two objects of the category " + std::string(seen.category().name()) +
                          ", as of two copies of the C++ standard library"
                    : std::string(expected.category().name()) + " " + std::to_string(expected.value()) + " and " +
                          seen.category().name() + " " + std::to_string(seen.value()));
}

} // namespace

void Rule::fail(const std::string& what, const SourceLocation& location) const {
    auto& recorder = Recorder::current();
    auto text = what;
    if (const auto circumstances = Circumstance::text(); !circumstances.empty()) text += "\n    when: " + circumstances;
    if (++failures_ > 3) return recorder.add_failure(location.file, location.line, text);
    if (const auto took = recorder.calls().last_select(); !took.empty()) text += "\n    " + took;
    if (const auto calls = recorder.calls().text(std::chrono::steady_clock::now()); !calls.empty())
        text += "\ncalls before:" + calls;
    recorder.add_failure(location.file, location.line, text);
}

std::unique_ptr<Selector> Rule::open(SourceLocation location) {
    OpenFailure failure;
    auto opened = subject_->open(failure);
    if (!opened) fail("expected a Selector, seen: " + describe(failure), location);
    return opened;
}

std::optional<Findings> Rule::findings_of_this_process(const Expectation* expectation) {
    const Watchdog watchdog("rule [" + std::string(label()) + "] on " + subject_->name);
    StoredFindings findings(!expectation && rule_->traits.level == Level::must);
    auto& before = Recorder::current();
    Recorder::set_current(findings);
    const auto begun = std::chrono::steady_clock::now();
    run_here();
    Recorder::set_current(before);
    return findings.take(std::chrono::steady_clock::now() - begun);
}

void Rule::TestBody() {
    const auto* const expectation = run_->expectations.find(subject_->name, label());
    auto findings = run_->isolation ? run_->isolation->findings_of(name()) : findings_of_this_process(expectation);
    if (!findings) GTEST_SKIP() << "not run, since another rule is broken";
    auto result = judge(*rule_, std::move(*findings), expectation);
    for (const auto& [key, value] : result.findings.properties) RecordProperty(key, value);
    RecordProperty("level", name_of(rule_->traits.level));
    RecordProperty("outcome", name_of(result.outcome));
    const bool is_reported = !run_->isolation && result.outcome == Outcome::failed;
    if (is_error(result.outcome) && !is_reported) {
        for (const auto& [file, line, text] : result.findings.failures) ADD_FAILURE_AT(file.c_str(), line) << text;
    }
    print_more(result, subject_->name);
    run_->latest.add(subject_->name, result);
    run_->all.add(subject_->name, std::move(result));
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
        if (selector_ && offers_needs()) check();
    } catch (const std::exception& thrown) {
        fail("expected: no exception\n    seen: " + std::string(thrown.what()), SourceLocation::current());
    }
    selector_.reset();
}

void Rule::expect(bool holds, const std::string& what, SourceLocation location) {
    if (!holds) fail(what, location);
}

void Rule::expect_error(std::errc expected, const std::error_code& seen, SourceLocation location) {
    if (seen != expected) return fail(difference(make_error_code(expected), seen), location);
    if (seen && seen.category() != std::generic_category())
        fail("expected: an error of std::generic_category()\n    seen: one of " + std::string(seen.category().name()),
             location);
}

void Rule::expect_success(const char* function, Call call, SourceLocation location) {
    Recorder::current().note_progress();
    Recorder::current().calls().add(call);
    if (call.error)
        fail("expected: " + std::string(function) + " succeeds\n    seen: " + describe(call.error), location);
}

void Rule::add(Source source, const Watch& watch, SourceLocation location) {
    Call call{.kind = Call::Kind::add, .source = source, .watch = watch};
    call.error = registrator().add(source, watch);
    expect_success("add()", call, location);
}

void Rule::modify(Source source, const Watch& watch, SourceLocation location) {
    Call call{.kind = Call::Kind::modify, .source = source, .watch = watch};
    call.error = registrator().modify(source, watch);
    expect_success("modify()", call, location);
}

void Rule::remove(Source source, SourceLocation location) {
    Call call{.kind = Call::Kind::remove, .source = source};
    call.error = registrator().remove(source);
    expect_success("remove()", call, location);
}

void Rule::wake(SourceLocation location) {
    Call call{.kind = Call::Kind::wake};
    call.error = registrator().wake();
    expect_success("wake()", call, location);
}

std::vector<Event> Rule::select(Timeout timeout, std::size_t room, SourceLocation location) {
    Recorder::current().note_progress(); // it may sleep
    std::vector<Event> buffer(room);
    Call call{.kind = Call::Kind::select, .timeout = timeout, .capacity = room};
    call.error = make_error_code(std::errc::io_error); // select() has to clear it
    const auto events = selector_->select(buffer, timeout, call.error);
    call.take(events);
    expect_success("select()", call, location);
    return {events.begin(), events.end()};
}

void Rule::send(Source source, const std::string& bytes, SourceLocation location) {
    const auto [written, error] = write(source, bytes);
    if (written != bytes.size()) fail("the test cannot write: " + describe(error), location);
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
    const auto known = std::ranges::find(all, std::string_view(label()), &WineDeviation::label);
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
