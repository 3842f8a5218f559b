// SPDX-License-Identifier: BSL-1.0
#include "watchdog.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

namespace pollux::conformance {
namespace {

/// A LastOperation is the number of the last operation of a sequence, and of the subject that runs it.
struct LastOperation {
    std::atomic<std::size_t> operation = 0, subject = 0;
    std::atomic<std::uint64_t> changes = 0;
};
constinit LastOperation last;

/// Twice the time of the longest rule under ThreadSanitizer on a slow machine.
constexpr std::chrono::seconds limit{120};

/// A Timer watches all rules in one thread, which starts with the first: rules count threads, so it must not end.
struct Timer {
    std::mutex mutex;
    std::condition_variable changed;
    std::string watched; // empty: no rule runs
    std::uint64_t turn = 0;

    void guard() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [this] { return !watched.empty(); });
            const auto now = turn + last.changes;
            if (changed.wait_for(lock, limit, [&] { return turn + last.changes != now; })) continue;
            std::fprintf(stderr, "\n%s hangs: expected progress within %lld s\n", watched.c_str(),
                         static_cast<long long>(limit.count()));
            if (last.operation != 0)
                std::fprintf(stderr, "the last operation was %zu, on subject %zu\n", last.operation.load(),
                             last.subject.load());
            std::fflush(nullptr);
            std::_Exit(3);
        }
    }

    void watch(std::string name) {
        next(std::move(name));
        changed.notify_one();
    }

    /// The thread sees it when the limit of what was watched before is over, and then begins to wait again.
    void next(std::string name) {
        const std::lock_guard lock(mutex);
        watched = std::move(name);
        ++turn;
    }
};

Timer& timer() {
    // Lives until the process ends, as its thread does.
    static Timer& only = *[] {
        auto* made = new Timer;
        std::thread(&Timer::guard, made).detach();
        return made;
    }();
    return only;
}

} // namespace

Watchdog::Watchdog(std::string watched) { timer().watch(std::move(watched)); }
Watchdog::~Watchdog() { timer().watch({}); }
void Watchdog::next(std::string watched) { timer().next(std::move(watched)); }

void Watchdog::note_progress(std::size_t operation, std::size_t subject) noexcept {
    last.operation.store(operation, std::memory_order_relaxed);
    last.subject.store(subject, std::memory_order_relaxed);
    last.changes.fetch_add(1, std::memory_order_relaxed);
}

} // namespace pollux::conformance
