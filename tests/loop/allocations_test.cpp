// SPDX-License-Identifier: BSL-1.0
// Tests of allocations, in a program of its own, which counts them.
#include "loop_test.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <new>

namespace {
std::atomic<std::size_t> allocations = 0;
std::atomic<std::size_t> fails_at = 0; // the index of the allocation that fails
} // namespace

// Not inlined, since GCC would see malloc() and delete together, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (++allocations == fails_at) throw std::bad_alloc();
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

// Operators for types that are aligned to cache lines. Windows lacks aligned_alloc(), so the pointer of malloc() is
// kept in front of the aligned block.
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
    auto room = size + static_cast<std::size_t>(alignment);
    void* const memory = operator new(room + sizeof(void*));
    void* aligned = static_cast<void**>(memory) + 1;
    aligned = std::align(static_cast<std::size_t>(alignment), size, aligned, room);
    static_cast<void**>(aligned)[-1] = memory;
    return aligned;
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
    if (memory) std::free(static_cast<void**>(memory)[-1]);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
    operator delete(memory, alignment);
}

namespace pollux::loop::tests {
namespace {

std::size_t allocations_of(const auto& action) {
    const auto before = allocations.load();
    action();
    return allocations - before;
}

// A callable of the size of five pointers is stored in the Callback, one of six on the heap.
RULE(callback, allocates) {
    std::array<void*, 5> five{};
    std::array<void*, 6> six{};
    EXPECT_EQ(allocations_of([&] { Callback<void()> callback([five] { (void)five; }); }), 0U);
    EXPECT_EQ(allocations_of([&] { Callback<void()> callback([six] { (void)six; }); }), 1U);
}

// Two tables of blocks, each block twice as large as the one before: for setting timers and for their callbacks.
TEST(Allocations, of_many_timers_are_few) {
    Loop loop(request(backends().front()));
    std::vector<Timer> timers(10'000);
    const auto set_all = [&] {
        for (auto& timer : timers) timer = loop.after(1h, [] {});
    };
    const auto allocations = allocations_of(set_all);
#ifndef _WIN32 // a DLL has its own operators there, and only calls in headers are counted
    EXPECT_GT(allocations, 0U) << "they are counted";
#endif
    EXPECT_LT(allocations, 20U);
    timers.clear();
    timers.resize(10'000);
    EXPECT_EQ(allocations_of(set_all), 0U);
}

TEST(Allocations, of_a_warm_loop_are_none) {
    Loop loop(request(backends().front()));
    const auto pair = conformance::make_pair(conformance::Kind::tcp);
    std::array<Timer, 4> timers;
    const auto work = [&] {
        for (int i = 0; i < 10; ++i) {
            auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
            watcher.change(both);
            for (auto& timer : timers) {
                timer = loop.after(1h, [] {});
                timer.rearm(2h);
                timer.rearm(Clock::now());
                timer.rearm(0ns);
            }
            for (int k = 0; k < 10; ++k) {
                static_cast<void>(loop.post([] {}));
                static_cast<void>(loop.defer([] {}));
            }
            loop.run_for(0ns);
            watcher.change(Ready::readable);
            loop.run_for(0ns);
        }
    };
    work();
    work();
    EXPECT_EQ(allocations_of(work), 0U);
}

#ifndef _WIN32

// If an allocation of Loop::open() fails, no exception leaves it: it reports a lack of memory, or opens nevertheless.
TEST(Allocations, that_fail_in_open) {
    const auto wanted = request(backends().front());
    Choice choice;
    std::error_code error;
    ASSERT_TRUE(Loop::open(wanted, choice, error)); // loads the plugin
    std::size_t failures = 0;
    bool has_failed = true;
    for (std::size_t nth = 1; has_failed; ++nth) {
        fails_at = allocations + nth;
        const auto loop = Loop::open(wanted, choice, error);
        has_failed = allocations >= fails_at;
        fails_at = 0;
        ASSERT_EQ(bool(error), !loop);
        if (loop) continue;
        ++failures;
        if (error == std::errc::not_enough_memory) continue;
        EXPECT_EQ(error, std::errc::no_such_device);
        EXPECT_TRUE(contains(choice.text(), make_error_code(std::errc::not_enough_memory).message())) << choice.text();
    }
    EXPECT_GT(failures, 10U);
}

// If an allocation of the first on_signal() of a Loop fails, the call can be repeated, and the signal is delivered.
TEST(Allocations, that_fail_in_the_first_on_signal) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        bool has_failed = true;
        for (std::size_t nth = 1; has_failed; ++nth) {
            Loop loop(request(backend));
            const Watchdog watchdog(loop);
            int calls = 0;
            SignalWatcher watcher;
            has_failed = false;
            fails_at = allocations + nth;
            try {
                watcher = loop.on_signal(SIGUSR1, [&] { ++calls; });
            } catch (const std::bad_alloc&) {
                has_failed = true;
            }
            fails_at = 0;
            if (has_failed) watcher = loop.on_signal(SIGUSR1, [&] { ++calls; });
            ASSERT_TRUE(watcher);
            std::raise(SIGUSR1);
            EXPECT_TRUE(loop.run_one());
            EXPECT_EQ(calls, 1) << "allocation " << nth << " failed";
        }
    }
}

#endif

/// The growth of the heap in bytes, or 0 where the system does not report it.
std::size_t heap_growth(std::size_t before) {
    const auto now = conformance::heap_bytes();
    return now < before ? 0 : now - before;
}

// A flood of posts, deferred functions or timers keeps no memory, and neither do several floods.
TEST(Allocations, of_a_flood_are_freed) {
    Loop loop(request(backends().front()));
    loop.run_for(0ns);
    const auto before = conformance::heap_bytes();
    constexpr std::size_t megabyte = 1 << 20;
    std::size_t calls = 0;
    for (int flood = 1; flood <= 3; ++flood) {
        for (int i = 0; i < 3'000'000; ++i) static_cast<void>(loop.post([&] { ++calls; }));
        EXPECT_FALSE(loop.run());
    }
    EXPECT_EQ(calls, 9'000'000U);
    EXPECT_FALSE(loop.defer([&] {
        for (int i = 0; i < 1'000'000; ++i) static_cast<void>(loop.defer([&] { ++calls; }));
    }));
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(calls, 10'000'000U);
    // A Loop with many posts in each turn keeps their memory until it has been idle for some turns.
    for (int i = 0; i < 100; ++i) loop.run_for(1us);
    EXPECT_LT(heap_growth(before), megabyte);
    {
        std::vector<Timer> timers(1'000'000);
        for (auto& timer : timers) timer = loop.after(1h, [] {});
        EXPECT_GE(loop.metrics().timers, 1'000'000U);
    }
    EXPECT_LT(heap_growth(before), 3 * megabyte) << "16,320 timers of 96 bytes stay";
    int fired = 0;
    std::vector<Timer> again;
    for (int i = 0; i < 100'000; ++i) again.push_back(loop.after(0ns, [&] { ++fired; }));
    EXPECT_FALSE(loop.run());
    EXPECT_EQ(fired, 100'000);
}

// Many posts in each turn, with short idle times between, allocate nothing.
TEST(Allocations, of_steady_floods_are_none) {
    Loop loop(request(backends().front()));
    const auto flood = [&] {
        for (int i = 0; i < 50'000; ++i) static_cast<void>(loop.post([] {}));
        EXPECT_FALSE(loop.run());
    };
    for (int i = 0; i < 20; ++i) flood();
    EXPECT_EQ(allocations_of([&] {
                  for (int i = 0; i < 20; ++i) flood();
              }),
              0U);
}

} // namespace
} // namespace pollux::loop::tests
