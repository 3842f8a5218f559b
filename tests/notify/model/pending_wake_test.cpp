// SPDX-License-Identifier: BSL-1.0
// That no wake is lost which a PendingWake called a success, in every run that C++ allows, with deliveries that fail;
// that two simpler flags lose one; and that each order which the code asks for is needed.
#include "../../harness/memory_model/memory.hpp"

#include <pollux/pending_wake.hpp>

#include <gtest/gtest.h>

#include <array>

namespace pollux::notify::tests {

using namespace model;
namespace {

using Kind = Operation::Kind;
constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acq_rel = std::memory_order_acq_rel;

/// A FlagBeforeDelivery is set before the delivery, and cleared if that fails: the former design, which loses wakes.
class FlagBeforeDelivery {
  public:
    std::error_code wake(auto&& deliver) {
        if (pending_.exchange(1, acq_rel) != 0) return {};
        const std::error_code error = deliver();
        if (error) pending_.exchange(0, acq_rel);
        return error;
    }
    void collect() { pending_.exchange(0, acq_rel); }

  private:
    Atomic<int> pending_;
};

/// A FlagBehindDelivery is set after the delivery, without generations: it loses wakes as well.
class FlagBehindDelivery {
  public:
    std::error_code wake(auto&& deliver) {
        if (pending_.fetch_add(0, acq_rel) != 0) return {};
        if (const std::error_code error = deliver()) return error;
        pending_.exchange(1, acq_rel);
        return {};
    }
    void collect() { pending_.exchange(0, acq_rel); }

  private:
    Atomic<int> pending_;
};

/// A System is the flag, the event that the kernel keeps for the sleeper, and what the wakers write before they wake.
template <typename Flag>
struct System {
    Flag flag;
    Atomic<int> event;
    std::array<Atomic<int>, 2> data;

    std::error_code wake(bool fails) {
        return flag.wake([&]() -> std::error_code {
            if (fails) return make_error_code(std::errc::not_enough_memory);
            event.exchange(1, acq_rel);
            return {};
        });
    }
};

template <typename S>
using Body = std::function<void(S&)>;

/// Sleeps until it has seen the last datum of each waker; one whose wakes fail is not waited for.
template <typename S>
Body<S> sleeps(std::array<int, 2> last) {
    return [=](S& system) {
        std::array<int, 2> seen{};
        while (seen[0] < last[0] || seen[1] < last[1]) {
            system.event.sleep();
            system.flag.collect();
            for (std::size_t i = 0; i < 2; ++i) seen[i] = system.data[i].load(relaxed);
        }
    };
}

/// Changes its datum some times, and wakes each time.
template <typename S>
Body<S> wakes(std::size_t datum, int times, bool fails = false) {
    return [=](S& system) {
        for (int i = 1; i <= times; ++i) {
            system.data[datum].store(i, relaxed);
            const auto error = system.wake(fails);
            expect(fails || !error, "a wake fails that is not made to");
        }
    };
}

/// Wakes by a delivery that fails: if it returns success nevertheless, another wake has to deliver it.
template <typename S>
Body<S> fails_then_wakes(std::size_t datum) {
    return [=](S& system) {
        system.data[datum].store(1, relaxed);
        if (system.wake(true)) system.wake(false); // repeated after a failure
    };
}

template <typename Flag>
Verdict two_wakers(const Weaken& weaken = {}) {
    using S = System<Flag>;
    return explore_on<S>({sleeps<S>({2, 1}), wakes<S>(0, 2), wakes<S>(1, 1)}, weaken);
}

template <typename Flag>
Verdict one_fails(const Weaken& weaken = {}) {
    using S = System<Flag>;
    return explore_on<S>({sleeps<S>({0, 1}), wakes<S>(0, 1, true), wakes<S>(1, 1)}, weaken);
}

template <typename Flag>
Verdict one_repeats(const Weaken& weaken = {}) {
    using S = System<Flag>;
    return explore_on<S>({sleeps<S>({1, 1}), fails_then_wakes<S>(0), wakes<S>(1, 1)}, weaken);
}

using Sound = PendingWake<Atomic>;

TEST(PendingWakeModel, loses_no_wake) {
    for (const auto& verdict : {two_wakers<Sound>(), one_fails<Sound>(), one_repeats<Sound>()}) {
        EXPECT_EQ(verdict.fault, "") << verdict.run;
        EXPECT_GT(verdict.states, 50U);
    }
}

TEST(PendingWakeModel, a_flag_before_the_delivery_leaves_a_wake_to_one_that_fails) {
    EXPECT_EQ(one_fails<FlagBeforeDelivery>().fault, "a thread sleeps for ever");
}

/// Set late, it stands for a wake that was collected before, and the next one is left to that.
TEST(PendingWakeModel, a_flag_without_generations_is_stuck) {
    EXPECT_EQ(two_wakers<FlagBehindDelivery>().fault, "a thread sleeps for ever");
}

/// With any operation on the word relaxed, a wake is reported before what was written for it can be seen.
TEST(PendingWakeModel, needs_each_order) {
    const auto without = [](Kind kind) {
        const Weaken weaken = [kind](std::size_t, Operation& operation) {
            if (operation.kind == kind && operation.location == 0) operation.order = relaxed;
        };
        return two_wakers<Sound>(weaken).fault;
    };
    EXPECT_EQ(without(Kind::add), "a thread sleeps for ever");
    EXPECT_EQ(without(Kind::exchange), "a thread sleeps for ever");
}

} // namespace
} // namespace pollux::notify::tests
