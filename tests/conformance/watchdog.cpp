// SPDX-License-Identifier: BSL-1.0
#include "watchdog.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

namespace pollux::conformance {
namespace {

/// Twice what the longest rule needs under ThreadSanitizer on a slow machine.
constexpr std::chrono::seconds limit{120};

/// One thread for all rules, made with the first: rules count threads, so it must not come and go.
struct Kennel {
    std::mutex mutex;
    std::condition_variable changed;
    std::string watched; // empty: nobody
    std::uint64_t turn = 0;

    void guard() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [this] { return !watched.empty(); });
            const auto now = turn;
            if (changed.wait_for(lock, limit, [&] { return turn != now; })) continue;
            std::fprintf(stderr, "\n%s hangs: expected it to end within %lld s\n", watched.c_str(),
                         static_cast<long long>(limit.count()));
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

Kennel& kennel() {
    // Lives until the process ends, as its thread does.
    static Kennel& only = *[] {
        auto* made = new Kennel;
        std::thread(&Kennel::guard, made).detach();
        return made;
    }();
    return only;
}

} // namespace

Watchdog::Watchdog(std::string watched) { kennel().watch(std::move(watched)); }
Watchdog::~Watchdog() { kennel().watch({}); }
void Watchdog::next(std::string watched) { kennel().next(std::move(watched)); }

} // namespace pollux::conformance
