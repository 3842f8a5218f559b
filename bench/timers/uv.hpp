// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace pollux::bench {

/// A contender with libuv, whose timers are in milliseconds.
class UvTimers {
  public:
    static constexpr auto name = "libuv";

    explicit UvTimers(std::size_t count) : timers_(count) {
        if (const auto error = uv_loop_init(&loop_)) throw std::runtime_error(uv_strerror(error));
        for (auto& timer : timers_) {
            uv_timer_init(&loop_, &timer);
            timer.data = this;
        }
    }
    ~UvTimers() {
        for (auto& timer : timers_) uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
        uv_run(&loop_, UV_RUN_DEFAULT);
        uv_loop_close(&loop_);
    }
    UvTimers(const UvTimers&) = delete;
    UvTimers& operator=(const UvTimers&) = delete;

    void insert(std::size_t number, std::uint64_t delay) {
        constexpr std::uint64_t millisecond = 1'000'000;
        uv_timer_start(&timers_[number], &UvTimers::fire, (delay + millisecond - 1) / millisecond, 0);
    }
    void rearm(std::size_t number, std::uint64_t delay) { insert(number, delay); }
    void cancel(std::size_t number) { uv_timer_stop(&timers_[number]); }
    void turn() { uv_run(&loop_, UV_RUN_NOWAIT); }

    std::size_t fired() const noexcept { return fired_; }

  private:
    static void fire(uv_timer_t* timer) { ++static_cast<UvTimers*>(timer->data)->fired_; }

    uv_loop_t loop_{};
    std::vector<uv_timer_t> timers_;
    std::size_t fired_ = 0;
};

} // namespace pollux::bench
