// SPDX-License-Identifier: BSL-1.0
// Tests of a queue that is bound to a Selector: when it wakes. They need no backend.
#include "notify_test.hpp"

namespace pollux::notify::tests {
namespace {

/// A CountingRegistrator counts wakes, and makes them fail.
class CountingRegistrator final : public Registrator {
  public:
    std::error_code add(Source, const Watch&) noexcept override { return {}; }
    std::error_code modify(Source, const Watch&) noexcept override { return {}; }
    std::error_code remove(Source) noexcept override { return {}; }
    std::error_code wake() noexcept override {
        ++count;
        return failure;
    }

    int count = 0;
    std::error_code failure;
};

// The promises of WakeHandle, in a test instead of assertions: a concept that allows too much breaks no caller.
TEST(Bound, to_handles_only) {
    struct Handle {
        std::error_code wake() const noexcept { return {}; }
    };
    struct Throws {
        std::error_code wake() const { return {}; }
    };
    struct Unique : Handle {
        Unique(Unique&&) = default;
    };
    EXPECT_TRUE(WakeHandle<Handle>);
    EXPECT_FALSE(WakeHandle<int>);
    EXPECT_FALSE(WakeHandle<Throws>);
    EXPECT_FALSE(WakeHandle<Unique>);
    EXPECT_FALSE(WakeHandle<CountingRegistrator>);
}

// The first notification after the queue was emptied wakes the consumer; the following ones do not.
RULE(notify, one_wake) {
    CountingRegistrator wakes;
    auto [notifier, poller] = event_queue(8, wakes);
    for (int round = 1; round < 5; ++round) {
        notify(notifier, {3, 1, 3, 2, 1});
        EXPECT_EQ(wakes.count, round);
        EXPECT_EQ(poll(poller), (Numbers{3, 1, 2}));
        EXPECT_EQ(poll(poller), Numbers());
        EXPECT_EQ(wakes.count, round);
    }
}

// A poll() that leaves tokens in the queue wakes its own Selector: the next select() does not sleep.
RULE(notify, rest_wakes_select) {
    CountingRegistrator wakes;
    auto [notifier, poller] = event_queue(8, wakes);
    notify(notifier, {3, 1, 2});
    EXPECT_EQ(wakes.count, 1);
    EXPECT_EQ(poll(poller, 1), Numbers{3});
    EXPECT_EQ(wakes.count, 2);
    notify(notifier, {3});
    EXPECT_EQ(wakes.count, 2) << "awake already";
    EXPECT_EQ(poll(poller, 3), (Numbers{1, 2, 3}));
    EXPECT_EQ(wakes.count, 2);
}

// notify() returns the error of a failed wake; the token is queued, and the next notification wakes again.
RULE(notify, wake_fails) {
    CountingRegistrator wakes;
    auto [notifier, poller] = event_queue(8, wakes);
    wakes.failure = make_error_code(std::errc::not_enough_memory);
    EXPECT_EQ(notifier.notify(Token{1}), wakes.failure);
    EXPECT_EQ(notifier.notify(Token{2}), wakes.failure);
    EXPECT_EQ(wakes.count, 2);
    wakes.failure.clear();
    notify(notifier, {3});
    EXPECT_EQ(wakes.count, 3);
    EXPECT_EQ(poll(poller), (Numbers{1, 2, 3}));
}

TEST(Bound, wakes_again_after_a_failed_wake_for_the_rest) {
    CountingRegistrator wakes;
    auto [notifier, poller] = event_queue(8, wakes);
    notify(notifier, {1, 2});
    EXPECT_EQ(wakes.count, 1);
    wakes.failure = make_error_code(std::errc::not_enough_memory);
    EXPECT_EQ(poll(poller, 1), Numbers{1});
    EXPECT_EQ(wakes.count, 2);
    EXPECT_EQ(notifier.notify(Token{3}), wakes.failure);
    wakes.failure.clear();
    notify(notifier, {4});
    EXPECT_EQ(wakes.count, 4);
    EXPECT_EQ(poll(poller), (Numbers{2, 3, 4}));
}

} // namespace
} // namespace pollux::notify::tests
