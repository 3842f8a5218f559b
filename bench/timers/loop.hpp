// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/loop.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pollux::bench {

/// A contender with the timers of Loop, on epoll.
class LoopTimers {
  public:
    static constexpr auto name = "loop";

    explicit LoopTimers(std::size_t count) {
        timers_.reserve(count);
        for (std::size_t number = 0; number < count; ++number) {
            timers_.push_back(loop_.after(std::chrono::nanoseconds(0), [this] { ++fired_; }));
            timers_.back().cancel();
        }
    }

    void insert(std::size_t number, std::uint64_t delay) { rearm(number, delay); }
    void rearm(std::size_t number, std::uint64_t delay) { timers_[number].rearm(std::chrono::nanoseconds(delay)); }
    void cancel(std::size_t number) { timers_[number].cancel(); }
    void turn() { loop_.run_for(std::chrono::nanoseconds(0)); }

    std::size_t fired() const noexcept { return fired_; }

  private:
    loop::Loop loop_{Request{"epoll"}};
    std::vector<pollux::loop::Timer> timers_;
    std::size_t fired_ = 0;
};

} // namespace pollux::bench
