// SPDX-License-Identifier: BSL-1.0
// Compares the wheel with a std::multimap, which does the same slowly, for random sequences that are the same each
// time.
#include "timer_wheel_test.hpp"

#include <list>
#include <map>
#include <memory>
#include <random>

namespace pollux::time::tests {
namespace {

/// How the clock moves between two calls of advance().
enum class Clock { crawls, ticks, jumps, stands_still, sleeps };

/// A Trial performs random operations on a wheel, and compares it with a map.
class Trial {
  public:
    Trial(Clock clock, std::uint64_t start, std::uint64_t seed)
        : clock_(clock), random_(seed), now_(start), wheel_(std::make_unique<TimerWheel>(start)) {}
    ~Trial() {
        for (auto& timer : timers_) wheel_->cancel(timer);
        EXPECT_EQ(wheel_->pending(), 0U);
        EXPECT_EQ(wheel_->next_expiry(), std::nullopt);
    }
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;

    void run(int operations) {
        while (operations-- > 0 && !testing::Test::HasFailure()) {
            auto& timer = timers_[below(timers_.size())];
            switch (below(6)) {
            case 0:
            case 1:
                schedule(timer);
                break;
            case 2:
                cancel(timer);
                break;
            case 3:
                pop();
                break;
            default:
                turn();
            }
            compare(timer);
        }
    }

  private:
    using Waiting = std::multimap<std::uint64_t, Timer*>; // equal deadlines in order of insertion

    std::uint64_t below(std::uint64_t limit) {
        return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random_);
    }

    /// A number of any size: below each power of two with the same probability.
    std::uint64_t span() { return below(std::uint64_t{1} << below(60)); }

    std::uint64_t deadline() {
        switch (below(8)) {
        case 0:
            return now_ - std::min(now_, span());
        case 1:
            return below(4) == 0 ? end_of_time : now_;
        case 2:
            return later(now_, below(tick));
        case 3:
            return later(now_ / tick * tick, below(4) * tick * 64 + below(3)); // few deadlines, with many ties
        default:
            return later(now_, span());
        }
    }

    void forget(Timer& timer) {
        due_.remove(&timer);
        for (auto [place, end] = waiting_.equal_range(timer.deadline()); place != end; ++place) {
            if (place->second == &timer) {
                waiting_.erase(place);
                return;
            }
        }
    }

    void schedule(Timer& timer) {
        const auto at = deadline();
        const auto was_pending = timer.is_pending();
        if (was_pending) forget(timer);
        waiting_.emplace(at, &timer);
        if (was_pending || below(2) == 0) {
            wheel_->rearm(timer, at);
        } else {
            wheel_->insert(timer, at);
        }
        EXPECT_EQ(timer.deadline(), at);
        EXPECT_TRUE(timer.is_pending());
    }

    void cancel(Timer& timer) {
        if (timer.is_pending()) forget(timer);
        wheel_->cancel(timer);
        EXPECT_FALSE(timer.is_pending());
    }

    void pop() {
        auto* const expected = due_.empty() ? nullptr : due_.front();
        if (expected != nullptr) due_.pop_front();
        EXPECT_EQ(wheel_->pop_due(), expected) << "at " << now_;
        EXPECT_FALSE(expected != nullptr && expected->is_pending());
    }

    std::uint64_t time_to_come() {
        switch (clock_) {
        case Clock::crawls:
            return later(now_, below(below(8) == 0 ? 2 * tick : 5));
        case Clock::ticks:
            return later(now_, below(200 * tick));
        case Clock::jumps:
            return later(now_, below(50) == 0 ? span() / 4 : below(tick * 70));
        case Clock::stands_still:
            return below(100) == 0 ? now_ - std::min<std::uint64_t>(now_, 1) : now_;
        default:
            return wheel_->next_expiry().value_or(now_);
        }
    }

    void turn() {
        const auto time = time_to_come();
        wheel_->advance(time);
        now_ = std::max(now_, time);
        const auto end = waiting_.upper_bound(now_);
        for (auto place = waiting_.begin(); place != end; place = waiting_.erase(place)) due_.push_back(place->second);
        // All due timers have been popped now.
        EXPECT_EQ(wheel_->has_due(), !due_.empty()) << "at " << now_;
        // Often not all due timers are popped before the next turn.
        for (auto pops = below(2) == 0 ? due_.size() : below(due_.size() + 1); pops > 0; --pops) pop();
        EXPECT_TRUE(!due_.empty() || waiting_.empty() || wheel_->next_expiry() > now_) << "a loop would spin";
    }

    void compare(const Timer& timer) {
        EXPECT_EQ(wheel_->pending(), waiting_.size() + due_.size());
        EXPECT_EQ(wheel_->has_due(), !due_.empty());
        const auto next = wheel_->next_expiry();
        EXPECT_EQ(next.has_value(), wheel_->pending() > 0);
        if (!next) return;
        if (!due_.empty()) {
            EXPECT_LE(*next, now_);
        } else if (waiting_.begin()->first <= now_) {
            EXPECT_LE(*next, now_) << "what is in the past would wait";
        } else {
            EXPECT_LE(*next, waiting_.begin()->first | (tick - 1)) << "too late for the earliest";
        }
        EXPECT_TRUE(timer.is_pending() || wheel_->pending() < timers_.size());
    }

    const Clock clock_;
    std::mt19937_64 random_;
    std::uint64_t now_;
    const std::unique_ptr<TimerWheel> wheel_;
    std::vector<Timer> timers_{60};
    Waiting waiting_;
    std::list<Timer*> due_;
};

void run(Clock clock) {
    constexpr std::uint64_t seeds = 10;
    for (const auto start : starts) {
        for (std::uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
            SCOPED_TRACE(testing::Message() << "start " << start << ", seed " << seed);
            Trial(clock, start, seed).run(4000);
        }
    }
}

TEST(timer_wheel_model, clock_crawls) { run(Clock::crawls); }
TEST(timer_wheel_model, clock_ticks) { run(Clock::ticks); }
TEST(timer_wheel_model, clock_jumps) { run(Clock::jumps); }
TEST(timer_wheel_model, clock_stands_still) { run(Clock::stands_still); }
TEST(timer_wheel_model, clock_of_a_loop_that_sleeps) { run(Clock::sleeps); }

} // namespace
} // namespace pollux::time::tests
