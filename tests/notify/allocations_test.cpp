// SPDX-License-Identifier: BSL-1.0
// Tests of the allocations of queues, in a program of its own, which counts bytes.
#include "notify_test.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <optional>

namespace {

std::atomic<std::size_t> bytes = 0, allocations = 0;
std::atomic<std::size_t> fails_from = 0, fails_to = 0; // the indexes between which allocations fail

/// A BlockHeader precedes each allocated block.
struct BlockHeader {
    void* begin;
    std::size_t size;
};

void* allocate(std::size_t size, std::size_t alignment) {
    const auto count = ++allocations;
    if (count >= fails_from && count < fails_to) throw std::bad_alloc();
    auto space = size + alignment;
    void* const begin = std::malloc(space + sizeof(BlockHeader));
    if (!begin) throw std::bad_alloc();
    void* block = static_cast<BlockHeader*>(begin) + 1;
    block = std::align(alignment, size, block, space);
    static_cast<BlockHeader*>(block)[-1] = {begin, size};
    bytes += size;
    return block;
}

void release(void* block) noexcept {
    if (!block) return;
    bytes -= static_cast<BlockHeader*>(block)[-1].size;
    std::free(static_cast<BlockHeader*>(block)[-1].begin);
}

} // namespace

[[gnu::noinline]] void* operator new(std::size_t size) { return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* block) noexcept { release(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { release(block); }
// Under AddressSanitizer the array operators do not call the ones above.
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void operator delete[](void* block) noexcept { release(block); }
[[gnu::noinline]] void operator delete[](void* block, std::size_t) noexcept { release(block); }
[[gnu::noinline]] void operator delete(void* block, std::align_val_t) noexcept { release(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t, std::align_val_t) noexcept { release(block); }

namespace pollux::notify::tests {
namespace {

constexpr std::size_t capacity = 1000;

std::size_t growth(const auto& action) {
    const auto before = bytes.load();
    action();
    return bytes - before;
}

std::size_t allocations_of(const auto& action) {
    const auto before = allocations.load();
    action();
    return allocations - before;
}

/// Notifies all tokens repeatedly, and polls them.
void flood(auto& notifier, const auto& take) {
    for (int round = 0; round < 500; ++round) {
        for (std::size_t i = 0; i < 2 * capacity; ++i) {
            if (notifier.notify(Token{i % capacity})) std::abort();
        }
        take();
    }
}

// A flood of notifications takes no memory beyond that of a new queue.
RULE(notify, memory) {
    Tokens tokens(capacity);
    const auto before = bytes.load();
    {
        auto queue = event_queue(capacity);
        auto of_lanes = event_queue(capacity, lanes);
        auto channel = event_channel(capacity);
        EXPECT_GT(bytes - before, std::size_t{15} * capacity) << "they are counted";
        of_lanes.poller.poll(tokens);
        EXPECT_EQ(allocations_of([&] {
                      flood(queue.notifier, [&] { queue.poller.poll(tokens); });
                      flood(of_lanes.notifier, [&] { of_lanes.poller.poll(tokens); });
                      flood(channel.sender, [&] { static_cast<void>(channel.receiver.try_recv(tokens)); });
                  }),
                  0U);
    }
    EXPECT_EQ(bytes, before);
}

// The poll() that delivers the last token of a lane whose LaneNotifier was destroyed frees the lane.
RULE(lanes, memory) {
    Tokens tokens(capacity);
    auto [notifier, poller] = event_queue(capacity, lanes);
    const auto flood_of_lanes = [&, &own = notifier, &end = poller] {
        std::size_t seen = 0;
        for (std::size_t i = 0; i < 3000; ++i) {
            auto copy = own;
            EXPECT_FALSE(copy.notify(Token{i % capacity}));
        }
        while (end.poll(tokens, 100) != 0) seen += tokens.size();
        EXPECT_GE(seen, capacity);
    };
    EXPECT_EQ(growth(flood_of_lanes), 0U);
}

/// Without a LanePoller each lane is freed with its LaneNotifier, and the poller's own memory with the poller.
TEST(Allocations, of_lanes_without_a_poller) {
    auto queue = event_queue(capacity, lanes);
    const auto& notifier = queue.notifier;
    std::vector<LaneNotifier> living;
    living.reserve(100);
    const auto of_living = growth([&] {
        for (int i = 0; i < 100; ++i) living.push_back(notifier);
    });
    Tokens tokens;
    queue.poller.poll(tokens); // the poller knows these lanes now
    const auto before = bytes.load();
    for (int i = 0; i < 100; ++i) static_cast<void>(LaneNotifier(notifier).notify(Token{1}));
    EXPECT_GT(bytes, before);
    { const auto end = std::move(queue.poller); }
    EXPECT_EQ(before - bytes, capacity * sizeof(std::uint64_t)) << "lanes of the gone, and what was the poller's";
    EXPECT_EQ(growth([&] {
                  for (int i = 0; i < 1000; ++i) EXPECT_EQ(LaneNotifier(notifier).notify(Token{1}), gone);
              }),
              0U)
        << "of copies that came later";
    const auto of_the_end = bytes.load();
    living.clear();
    EXPECT_EQ(of_the_end - bytes, of_living);
}

/// Two threads copy and destroy LaneNotifiers beside the destruction of the LanePoller.
void end_beside_copies() {
    StartingLine line(3);
    std::vector<std::thread> threads;
    {
        auto queue = event_queue(4, lanes);
        for (int i = 0; i < 2; ++i) {
            threads.emplace_back([&line, own = queue.notifier]() mutable {
                line.arrive_and_wait();
                for (std::size_t k = 0; k < 4; ++k) {
                    auto other = own;
                    static_cast<void>(other.notify(Token{k}));
                }
            });
        }
        line.arrive_and_wait();
    }
    for (auto& thread : threads) thread.join();
}

TEST(Allocations, of_lanes_beside_the_end_of_the_poller) {
    Rounds rounds(1000, 1s);
    while (rounds.next() != 0) ASSERT_EQ(growth(end_beside_copies), 0U);
}

/// If an allocation of a call fails, once or from then on, it throws std::bad_alloc, leaks nothing, and the next call
/// succeeds.
void expect_each_may_fail(const auto& call) {
    for (const bool persists : {false, true}) {
        bool has_failed = true;
        for (std::size_t nth = 1; has_failed; ++nth) {
            const auto before = bytes.load();
            fails_to = persists ? ~std::size_t{0} : allocations + nth + 1;
            fails_from = allocations + nth;
            try {
                call();
                has_failed = false;
            } catch (const std::bad_alloc&) {}
            fails_from = fails_to = 0;
            EXPECT_EQ(bytes, before) << "allocation " << nth;
            call();
        }
    }
}

TEST(Allocations, that_fail) {
    struct Handle {
        std::error_code wake() const noexcept { return {}; }
    };
    expect_each_may_fail([] { event_queue(capacity); });
    expect_each_may_fail([] { event_queue(capacity, Handle()); });
    expect_each_may_fail([] { event_queue(capacity, lanes); });
    expect_each_may_fail([] { event_channel(capacity); });
    expect_each_may_fail([] { Tokens tokens(capacity); });

    Tokens tokens;
    auto [notifier, poller] = event_queue(capacity, lanes);
    expect_each_may_fail([&, &own = notifier, &end = poller] {
        notify(own, {1});
        std::optional<LaneNotifier> copy;
        try {
            copy.emplace(own);
        } catch (const std::bad_alloc&) {
            EXPECT_EQ(end.poll(tokens), 1U) << "what another one has queued is lost";
            throw;
        }
        EXPECT_FALSE(copy->notify(Token{2}));
        copy.reset();
        EXPECT_EQ(end.poll(tokens), 2U);
    });
}

} // namespace
} // namespace pollux::notify::tests
