// SPDX-License-Identifier: BSL-1.0
// Rules on the descriptor that other event loops wait for: the extension PollableDescriptor.
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <pollux/pollable_descriptor.hpp>
#include <pollux/posix.hpp>

#include <atomic>
#include <functional>
#include <string>

namespace pollux::conformance {
namespace {

constexpr Capability no_descriptor{Support::unsupported, "extension() returns no PollableDescriptor"};

/// Returns whether the descriptor becomes readable within `time`.
bool becomes_readable(Source descriptor, std::chrono::nanoseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    for (auto left = time; left >= 0ns; left = end - std::chrono::steady_clock::now()) {
        pollfd waited{descriptor, POLLIN, 0};
        const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        if (poll(&waited, 1, static_cast<int>(milliseconds)) == 1) return (waited.revents & POLLIN) != 0;
    }
    return false;
}

/// Returns whether the descriptor is readable now.
bool is_readable(Source descriptor) {
    pollfd seen{descriptor, POLLIN, 0};
    return posix::poll_now({&seen, 1}) == 1 && (seen.revents & POLLIN) != 0;
}

} // namespace

// The descriptor is the same each time, however the watches change, and differs from that of another Selector.
RULE(descriptor, same) {
    auto* pollable = extension_of<PollableDescriptor>(selector());
    if (!pollable) return declare_unsupported(no_descriptor);
    const auto descriptor = pollable->descriptor();
    expect(descriptor >= 0, "expected: an open descriptor, seen: " + std::to_string(descriptor));
    const auto pair = make_pair(kinds().front());
    add(pair.near, {Token{1}, Ready::readable, modes().front()});
    wake();
    select();
    remove(pair.near);
    expect(extension_of<PollableDescriptor>(selector()) == pollable, "expected: the same extension");
    expect(pollable->descriptor() == descriptor, "expected: the same descriptor");
    const auto other = open();
    auto* const others = other ? extension_of<PollableDescriptor>(*other) : nullptr;
    expect(others && others->descriptor() != descriptor, "expected: another descriptor of another Selector");
}

// The descriptor is readable while a source is to be reported, in each mode, on each kind of source: after an arrival,
// after add() and modify() of a source that is ready, and while events did not fit into the buffer.
RULE(descriptor, readable_when_ready) {
    auto* pollable = extension_of<PollableDescriptor>(selector());
    if (!pollable) return declare_unsupported(no_descriptor);
    const auto descriptor = pollable->descriptor();
    const auto expect_readable = [&](const std::string& when) {
        expect(becomes_readable(descriptor, patience), "expected: the descriptor is readable " + when);
    };
    for (const auto kind : kinds()) {
        for (const auto mode : modes()) {
            const auto first = make_pair(kind), second = make_pair(kind);
            add(first.near, {Token{1}, Ready::readable, mode});
            send(first.far);
            expect_readable("after an arrival");
            send(second.far);
            add(second.near, {Token{2}, Ready::readable, mode});
            auto seen = select(patience, 1);
            if (seen.size() != 1) return expect(false, "expected: an event, seen: " + describe(seen));
            expect_readable("while an event did not fit");
            const auto& reported = seen[0].token == Token{1} ? first : second;
            if (mode == Mode::level) {
                select();
                expect_readable("while a source that is watched by level is not drained");
            } else {
                select(patience, 1);
                expect_quiet();
            }
            modify(reported.near, {Token{3}, Ready::readable, mode});
            expect_readable("after modify() of a source that is ready");
            remove(first.near);
            remove(second.near);
        }
    }
    if (capabilities().files.support == Support::unsupported) return;
    const auto file = open_file();
    add(file, {Token{4}, Ready::readable, modes().front()});
    expect_readable("while a file is watched");
}

// A wake makes the descriptor readable until select() has reported it.
RULE(descriptor, wakes) {
    auto* pollable = extension_of<PollableDescriptor>(selector());
    if (!pollable) return declare_unsupported(no_descriptor);
    const auto descriptor = pollable->descriptor();
    for (int round = 0; round < 3; ++round) {
        expect_quiet();
        expect(!is_readable(descriptor), "expected: the descriptor is not readable without a wake");
        wake();
        wake();
        expect(becomes_readable(descriptor, patience), "expected: the descriptor is readable after a wake");
        expect(is_readable(descriptor), "expected: it stays readable");
        while (!select(0ns).empty()) {}
        expect(!is_readable(descriptor), "expected: the descriptor is not readable after the wake was reported");
    }
}

// A thread that waits for the descriptor by poll(2) returns when another thread wakes the Selector, adds a source that
// is ready, or writes to a source that is watched.
RULE(descriptor, ends_foreign_wait) {
    auto* pollable = extension_of<PollableDescriptor>(selector());
    if (!pollable) return declare_unsupported(no_descriptor);
    const auto descriptor = pollable->descriptor();
    const auto mode = modes().front();
    const auto pair = make_pair(kinds().front()), ready = make_pair(kinds().front());
    send(ready.far);
    const auto expect_end = [&](const std::function<void()>& act, const char* when) {
        while (!select(0ns).empty()) {}
        std::atomic<int> number = 0;
        std::atomic<bool> ended = false;
        Thread waiter([&] {
            number = thread_number();
            ended = becomes_readable(descriptor, patience);
        });
        while (number == 0) std::this_thread::yield();
        wait_until_asleep(number, [&] { return ended.load(); });
        act();
        waiter.join();
        expect(ended, std::string("expected: the wait for the descriptor ends ") + when);
    };
    expect_end([&] { wake(); }, "after a wake");
    expect_end([&] { add(ready.near, {Token{1}, Ready::readable, mode}); }, "after add() of a source that is ready");
    remove(ready.near);
    add(pair.near, {Token{2}, Ready::readable, mode});
    expect_end([&] { send(pair.far); }, "after an arrival");
}

// After a select() that returned no event the descriptor is not readable: without watches, with a source that is not
// ready, after a source was drained, removed or spent, and with a paused watch, even if its peer closes and select()
// has returned nothing once.
RULE(descriptor, quiet_when_not, .takes = 1000ms) {
    auto* pollable = extension_of<PollableDescriptor>(selector());
    if (!pollable) return declare_unsupported(no_descriptor);
    const auto descriptor = pollable->descriptor();
    const auto expect_not_readable = [&](const std::string& when) {
        expect_quiet();
        expect(!becomes_readable(descriptor, moment), "expected: the descriptor is not readable " + when);
    };
    expect_not_readable("without watches");
    for (const auto kind : kinds()) {
        for (const auto mode : modes()) {
            auto pair = make_pair(kind);
            add(pair.near, {Token{1}, Ready::readable, mode});
            expect_not_readable("while a source is not ready");
            send(pair.far);
            expect_any(Token{1}, Ready::readable);
            if (mode == Mode::oneshot) expect_not_readable("after a watch is spent");
            drain(pair.near);
            expect_not_readable("after a source was drained");
            if (mode == Mode::oneshot) modify(pair.near, {Token{1}, Ready::readable, mode});
            send(pair.far);
            modify(pair.near, {Token{1}, Ready::none, mode});
            expect_not_readable("while the only watch is paused");
            pair.far.close();
            expect_not_readable("after the peer of a paused watch has closed");
            modify(pair.near, {Token{1}, Ready::readable, mode});
            expect(becomes_readable(descriptor, patience), "expected: readable when the watch is resumed");
            remove(pair.near);
            expect_not_readable("after the watch was removed");
        }
    }
}

void link_descriptor_rules() {}

} // namespace pollux::conformance
