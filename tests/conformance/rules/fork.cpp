// SPDX-License-Identifier: BSL-1.0
// Rules on fork(): a child cannot change its parent's Selector.
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

namespace pollux::conformance {
namespace {

/// Calls all functions of a Selector of another process; returns the first that is not refused.
std::string accepted_call(Selector& selector, Source watched, Source fresh, Mode mode) {
    auto& registrator = selector.registrator();
    const Watch watch{Token{7}, both_directions, mode};
    const std::array<std::pair<const char*, std::error_code>, 4> calls{
        {{"add()", registrator.add(fresh, watch)},
         {"modify()", registrator.modify(watched, watch)},
         {"remove()", registrator.remove(watched)},
         {"wake()", registrator.wake()}}};
    for (const auto& [name, error] : calls) {
        if (error != std::errc::no_such_process) return std::string(name) + " returns: " + describe(error);
    }
    for (const Timeout timeout : {Timeout(0ns), Timeout(patience), forever}) {
        std::array<Event, 4> buffer{};
        std::error_code error;
        const auto events = selector.select(buffer, timeout, error);
        if (!events.empty() || error != std::errc::no_such_process)
            return "select() returns: " + describe(error) + ", and " + std::to_string(events.size()) + " events";
    }
    return {};
}

/// Destroys the Selector while exit() runs, like a static object.
[[noreturn]] void destroy_by_exit(std::unique_ptr<Selector> selector) {
    static std::unique_ptr<Selector> destroyed;
    destroyed = std::move(selector);
    std::atexit([] { _exit(0); }); // runs after the destruction, and skips the program's other handlers
    std::atexit([] { destroyed.reset(); });
    std::exit(0);
}

std::string first_open(const std::vector<int>& descriptors) {
    for (const int descriptor : descriptors) {
        if (fcntl(descriptor, F_GETFD) != -1) return "the child keeps descriptor " + std::to_string(descriptor);
    }
    return {};
}

/// The descriptors that are open now and were not before.
std::vector<int> new_since(const std::vector<int>& before) {
    std::vector<int> made;
    for (const int descriptor : open_descriptors()) {
        if (std::ranges::find(before, descriptor) == before.end()) made.push_back(descriptor);
    }
    return made;
}

} // namespace

// In a forked child every call of the parent's Selector returns no_such_process and changes nothing.
RULE(fork, calls_refused) {
    for (const Mode mode : modes()) {
        CIRCUMSTANCE(describe(mode));
        const auto watched = make_pair(Kind::local);
        const auto fresh = make_pair(Kind::local);
        add(watched.near, {Token{1}, Ready::readable, mode});
        expect_quiet(); // the backend has requested it
        const auto fault = fault_in_child([&] {
            const auto accepted = accepted_call(selector(), watched.near, fresh.near, any_mode());
            if (!accepted.empty()) return accepted;
            return fault_in_child([&] { return accepted_call(selector(), watched.near, fresh.near, any_mode()); });
        });
        expect(fault.empty(), "expected: no_such_process from each call, seen: " + fault);
        expect_quiet(); // no wake
        send(fresh.far);
        expect_quiet();
        expect_unknown(fresh.near);
        send(watched.far);
        expect_event(Token{1}, Ready::readable);
        remove(watched.near);
    }
}

// A forked child, or a child of it, that destroys the Selector itself or by exit(), after a remove() or not, closes its
// own descriptors, and leaves watches, sleeps and wakes of the parent unchanged.
RULE(fork, child_destroys, .takes = 900ms, .needs = Need::any_thread) {
    enum class Way { destroy, remove, exit, grandchild, own };
    for (const Way way : {Way::destroy, Way::remove, Way::exit, Way::grandchild, Way::own}) {
        for (const Mode mode : modes()) {
            CIRCUMSTANCE("way " + std::to_string(static_cast<int>(way)) + ", " + describe(mode));
            const auto before = open_descriptors();
            auto shared = open();
            if (!shared) return;
            const auto own = new_since(before);
            const auto pair = make_pair(Kind::local);
            const Watch watch{Token{1}, Ready::readable, mode};
            expect_error(std::errc{}, shared->registrator().add(pair.near, watch));
            std::array<Event, 4> buffer{};
            std::error_code error;
            shared->select(buffer, moment, error);
            const auto in_child = [&]() -> std::string {
                if (way == Way::exit) destroy_by_exit(std::move(shared));
                if (way == Way::remove) static_cast<void>(shared->registrator().remove(pair.near));
                shared.reset();
                auto fault = first_open(own);
                if (way != Way::own || !fault.empty()) return fault;
                OpenFailure failure;
                const auto childs = subject().open(failure);
                if (!childs) return describe(failure);
                const auto fresh = make_pair(Kind::local);
                if (childs->registrator().add(fresh.near, watch)) return "add() fails in the child's own";
                write(fresh.far, "x");
                return childs->select(buffer, patience, error).size() == 1 ? "" : "no event in the child's own";
            };
            for (int round = 0; round < 3; ++round) {
                // The first child inherits an idle Selector, the others one in which another thread sleeps.
                std::unique_ptr<Sleeper> sleeper;
                if (round > 0) sleeper = std::make_unique<Sleeper>(*shared);
                const auto fault =
                    fault_in_child([&] { return way == Way::grandchild ? fault_in_child(in_child) : in_child(); });
                expect(fault.empty(), "expected: the child finds no fault, seen: " + fault);
                write(pair.far, "x");
                const auto selected = sleeper ? std::span<const Event>() : shared->select(buffer, patience, error);
                const auto seen = sleeper ? sleeper->events() : std::vector<Event>(selected.begin(), selected.end());
                expect(!error && seen.size() == 1 && seen[0].token == Token{1},
                       "expected: {token 1, readable}, seen: " + describe(seen));
                drain(pair.near);
                expect_error(std::errc{}, shared->registrator().modify(pair.near, watch));
                expect(shared->select(buffer, moment, error).empty(), "expected: quiet");
                expect_error(std::errc{}, shared->registrator().wake());
                const auto woken = shared->select(buffer, patience, error);
                expect(woken.size() == 1 && woken[0].token == wake_token, "expected: the wake");
            }
        }
    }
}

void link_fork_rules() {}

} // namespace pollux::conformance
