// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <ev.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace pollux::bench {

/// A contender with libev and its epoll backend.
class EvTimers {
  public:
    static constexpr auto name = "libev";

    explicit EvTimers(std::size_t count) : timers_(count) {
        if (loop_ == nullptr) throw std::runtime_error("ev_loop_new failed");
        for (auto& timer : timers_) {
            ev_timer_init(&timer, &EvTimers::fire, 0., 0.);
            timer.data = this;
        }
    }
    ~EvTimers() { ev_loop_destroy(loop_); }
    EvTimers(const EvTimers&) = delete;
    EvTimers& operator=(const EvTimers&) = delete;

    void insert(std::size_t number, std::uint64_t delay) {
        auto& timer = timers_[number];
        ev_timer_set(&timer, in_seconds(delay), 0.);
        ev_timer_start(loop_, &timer);
    }
    /// As its manual recommends: cheaper than stopping and starting it.
    void rearm(std::size_t number, std::uint64_t delay) {
        auto& timer = timers_[number];
        timer.repeat = in_seconds(delay);
        ev_timer_again(loop_, &timer);
    }
    void cancel(std::size_t number) { ev_timer_stop(loop_, &timers_[number]); }
    void turn() { ev_run(loop_, EVRUN_NOWAIT); }

    std::size_t fired() const noexcept { return fired_; }

  private:
    static double in_seconds(std::uint64_t nanoseconds) noexcept { return static_cast<double>(nanoseconds) * 1e-9; }

    static void fire(struct ev_loop* loop, ev_timer* timer, int) {
        ++static_cast<EvTimers*>(timer->data)->fired_;
        if (ev_is_active(timer)) ev_timer_stop(loop, timer); // a rearmed timer repeats
    }

    struct ev_loop* const loop_ = ev_loop_new(EVBACKEND_EPOLL);
    std::vector<ev_timer> timers_;
    std::size_t fired_ = 0;
};

} // namespace pollux::bench
