// SPDX-License-Identifier: BSL-1.0
// Rules on programs that close the descriptors of a Selector, like daemons that close all descriptors.
#include "../interruptions.hpp"
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#ifdef __SANITIZE_THREAD__
extern "C" void AnnotateIgnoreWritesBegin(const char* file, int line);
extern "C" void AnnotateIgnoreWritesEnd(const char* file, int line);
#endif

namespace pollux::conformance {
namespace {

/// Closes a descriptor that another thread may be using. ThreadSanitizer takes close(2) for a write to it.
void close_beside_others(int descriptor) {
#ifdef __SANITIZE_THREAD__
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    close(descriptor);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
#else
    close(descriptor);
#endif
}

void close_all() {
    for (int descriptor = 0; descriptor < 4096; ++descriptor) close(descriptor);
}

/// A Selector and its descriptors.
struct Exposed {
    std::unique_ptr<Selector> selector;
    std::vector<int> own;
};

Exposed open_exposed(const Subject& subject, OpenFailure& failure) {
    const auto before = open_descriptors();
    Exposed opened{subject.open(failure), {}};
    for (const int descriptor : open_descriptors()) {
        if (std::ranges::find(before, descriptor) == before.end()) opened.own.push_back(descriptor);
    }
    return opened;
}

/// The processor time of this thread.
std::chrono::nanoseconds thread_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Calls select() with this timeout, which may fail and may return early; returns a fault if it uses much processor
/// time.
std::string busy_select(Selector& selector, std::chrono::nanoseconds time) {
    std::array<Event, 4> buffer{};
    std::error_code error;
    const auto before = thread_time();
    selector.select(buffer, time, error);
    const auto used = thread_time() - before;
    if (used < time / 5) return {};
    return std::to_string(used.count() / 1000) + " us of processor time in a select() of " +
           std::to_string(time.count() / 1000) + " us: " + describe(error);
}

} // namespace

// select() returns bad_file_descriptor from each call, and does not spin, after all descriptors of the process were
// closed.
RULE(selector, descriptors_closed) {
    for (const Timeout timeout : {Timeout(0ns), Timeout(patience), forever}) {
        const auto fault = fault_in_child([&]() -> std::string {
            OpenFailure failure;
            const auto opened = subject().open(failure);
            if (!opened) return describe(failure);
            const auto pair = make_pair(Kind::local);
            opened->registrator().add(pair.near, {Token{1}, Ready::readable, modes().back()});
            std::array<Event, 4> buffer{};
            std::error_code error;
            opened->select(buffer, moment, error);
            close_all();
            for (int call = 0; call < 3; ++call) {
                const auto events = opened->select(buffer, timeout, error);
                if (!events.empty() || error != std::errc::bad_file_descriptor)
                    return std::to_string(events.size()) + " events and: " + describe(error);
            }
            return {};
        });
        expect(fault.empty(), "expected: no event and bad_file_descriptor, seen: " + fault);
    }
}

// After a Selector's own descriptors were closed while a thread sleeps in select(), a wake ends the sleep or fails, a
// signal ends it, and no select() spins, even when other files have their descriptor numbers.
RULE(selector, descriptors_closed_while_waiting) {
    const Interruptions interruptions;
    const auto pair = make_pair(Kind::local);
    const Owned other(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const auto try_with = [&](std::size_t which, Timeout timeout, bool is_replaced) -> std::string {
        OpenFailure failure;
        auto exposed = open_exposed(subject(), failure);
        const auto& opened = exposed.selector;
        auto& own = exposed.own;
        if (!opened) return describe(failure);
        if (which < own.size()) own = {own[which]};
        if (opened->registrator().add(pair.near, {Token{1}, Ready::readable, modes().back()})) return "add() fails";
        const auto close_own = [&] {
            for (const int descriptor : own) {
                if (is_replaced) {
                    dup2(other, descriptor);
                } else {
                    close_beside_others(descriptor);
                }
            }
        };
        if (is_replaced) {
            close_own();
        } else {
            Sleeper sleeping(*opened, timeout);
            close_own();
            const auto error = opened->registrator().wake();
            if (error) pthread_kill(sleeping.handle(), SIGUSR1);
            if (!sleeping.returns()) return "select() goes on after a wake: " + describe(error);
        }
        for (int call = 0; call < 3; ++call) {
            if (auto fault = busy_select(*opened, 50ms); !fault.empty()) return fault;
        }
        return {};
    };
    OpenFailure failure;
    const auto count = open_exposed(subject(), failure).own.size();
    for (std::size_t which = 0; which <= count; ++which) {
        const auto what = which < count ? "descriptor " + std::to_string(which) : std::string("all descriptors");
        for (const Timeout timeout : {Timeout(2 * patience), forever}) {
            const auto fault = try_with(which, timeout, false);
            expect(fault.empty(), "expected: no spin with " + what + " closed, seen: " + fault);
            if (!fault.empty()) return; // the next sleep may never end
        }
        const auto fault = try_with(which, forever, true);
        expect(fault.empty(), "expected: no spin with " + what + " replaced, seen: " + fault);
    }
}

void link_own_descriptors_rules() {}

} // namespace pollux::conformance
