// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "clock.hpp"

#include <pollux/time/timer_wheel.hpp>

#include <memory>

namespace pollux::bench {

/// A contender with the wheel alone: it reads no clock and makes no system call.
class WheelTimers {
  public:
    static constexpr auto name = "wheel";

    explicit WheelTimers(std::size_t count) : timers_(std::make_unique<Timer[]>(count)) {}

    void insert(std::size_t number, std::uint64_t delay) {
        wheel_.insert(timers_[number], artificial_time::now() + delay);
    }
    void rearm(std::size_t number, std::uint64_t delay) {
        wheel_.rearm(timers_[number], artificial_time::now() + delay);
    }
    void cancel(std::size_t number) { wheel_.cancel(timers_[number]); }

    void turn() {
        wheel_.advance(artificial_time::now());
        while (wheel_.pop_due() != nullptr) ++fired_;
    }

    std::size_t fired() const noexcept { return fired_; }

  private:
    class Timer : public time::TimerNode {};

    const std::unique_ptr<Timer[]> timers_;
    time::TimerWheel wheel_{artificial_time::now()};
    std::size_t fired_ = 0;
};

} // namespace pollux::bench
