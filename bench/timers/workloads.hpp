// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "clock.hpp"
#include "rounds.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace pollux::bench {

/// A workload of `count` timers, whose deadlines are uniformly distributed over the next ten seconds, the same for all
/// contenders. `Timers` has a constructor with the count, insert(number, delay), rearm(number, delay), cancel(number),
/// turn(), which fires due timers, and fired(). A turn is measured, too, since some contenders defer work to it.
template <typename Timers>
class Work {
  public:
    explicit Work(std::size_t count) : order_(count), timers_(count) {
        std::iota(order_.begin(), order_.end(), 0);
        std::mt19937_64 random(count);
        std::shuffle(order_.begin(), order_.end(), random);
        std::uniform_int_distribution<std::uint64_t> delay(1, span);
        for (std::size_t timer = 0; timer < count; ++timer) {
            delays_.push_back(delay(random));
            others_.push_back(delay(random));
        }
    }

    /// Inserts one timer after the other, from none to all.
    double insert() {
        const auto cost = measured([this] { insert_all(); });
        end();
        return cost;
    }

    /// Rearms each timer, in random order, while all are pending.
    double rearm() {
        insert_all();
        const auto cost = measured([this] {
            for (const auto number : order_) timers_.rearm(number, others_[number]);
            timers_.turn();
        });
        end();
        return cost;
    }

    /// Cancels the timers in random order, from all to none.
    double cancel() {
        insert_all();
        const auto cost = measured([this] { cancel_all(); });
        expect_silence();
        return cost;
    }

    /// Advances the clock in steps with 100 due timers each; with few timers a step is a second.
    double fire() {
        insert_all();
        return measured([this] { fire_all(); });
    }

  private:
    static constexpr std::uint64_t second = 1'000'000'000;
    static constexpr std::uint64_t span = 10 * second;
    static constexpr std::uint64_t margin = second / 100; // more than the rounding of any contender's clock

    double measured(const auto& operation) {
        const auto start = stopwatch(order_.size());
        operation();
        return static_cast<double>(stopwatch(order_.size()) - start) / static_cast<double>(order_.size());
    }

    void insert_all() {
        for (std::size_t number = 0; number < delays_.size(); ++number) timers_.insert(number, delays_[number]);
        timers_.turn();
    }

    void cancel_all() {
        for (const auto number : order_) timers_.cancel(number);
        timers_.turn();
    }

    void pass(std::uint64_t time) {
        artificial_time::pass(time);
        timers_.turn();
    }

    void fire_all() {
        const auto before = timers_.fired();
        const auto steps = std::max<std::size_t>(order_.size() / 100, 10);
        for (std::size_t step = 0; step < steps; ++step) pass(span / steps);
        pass(margin);
        if (timers_.fired() - before != order_.size()) throw std::logic_error("expected each timer to fire once");
    }

    void expect_silence() {
        const auto before = timers_.fired();
        pass(span + margin);
        if (timers_.fired() != before) throw std::logic_error("a cancelled timer fired");
    }

    /// Checks in the first round that all timers are pending.
    void end() {
        if (std::exchange(first_, false)) return fire_all();
        cancel_all();
        expect_silence();
    }

    std::vector<std::uint32_t> order_;
    std::vector<std::uint64_t> delays_, others_;
    Timers timers_;
    bool first_ = true;
};

/// The cost of one operation with `count` timers, in nanoseconds.
template <typename Timers>
Sample work(std::size_t count, double (Work<Timers>::*operation)()) {
    const artificial_time::ClockOverride while_it_is_set_up;
    return [work = std::make_shared<Work<Timers>>(count), operation] {
        const artificial_time::ClockOverride while_it_runs;
        return ((*work).*operation)();
    };
}

} // namespace pollux::bench
