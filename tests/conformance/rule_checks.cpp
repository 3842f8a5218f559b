// SPDX-License-Identifier: BSL-1.0
// The expectations of rules that call select().
#include "process.hpp"
#include "rule.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

namespace pollux::conformance {

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

} // namespace pollux::conformance
