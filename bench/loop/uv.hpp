// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "handler.hpp"

#include <uv.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <vector>

namespace pollux::bench {

/// A contender with libuv. Closing a handle takes it a turn, so its handles are reused, and only stopped.
class UvLoop {
  public:
    static constexpr auto name = "libuv";

    UvLoop(std::size_t count, Handler& handler) : handler_(handler), watches_(std::make_unique<Watch[]>(count)) {
        check(uv_loop_init(&loop_));
        loop_.data = this;
    }
    ~UvLoop() {
        uv_walk(
            &loop_, [](uv_handle_t* handle, void*) { uv_close(handle, nullptr); }, nullptr);
        uv_run(&loop_, UV_RUN_DEFAULT);
        uv_loop_close(&loop_);
    }
    UvLoop(const UvLoop&) = delete;
    UvLoop& operator=(const UvLoop&) = delete;

    void watch(std::size_t number, int source) {
        check(uv_poll_start(init_watch(number, source), UV_READABLE, &UvLoop::call));
    }
    void set_far_timer() {
        uv_timer_init(&loop_, &timer_);
        uv_timer_start(
            &timer_, [](uv_timer_t*) {}, 3'600'000, 0);
    }

    void run() { uv_run(&loop_, UV_RUN_DEFAULT); }
    void stop() { uv_stop(&loop_); }

    void churn(const std::vector<int>& sources) {
        for (std::size_t number = 0; number < sources.size(); ++number) {
            auto* poll = init_watch(number, sources[number]);
            check(uv_poll_start(poll, UV_READABLE, &UvLoop::call));
            check(uv_poll_start(poll, UV_READABLE | UV_WRITABLE, &UvLoop::call));
            check(uv_poll_stop(poll));
        }
        uv_run(&loop_, UV_RUN_NOWAIT);
    }

  private:
    struct Watch {
        uv_poll_t poll{};
        std::size_t number = 0;
        bool is_made = false;
    };

    static void check(int error) {
        if (error) throw std::runtime_error(uv_strerror(error));
    }

    static void call(uv_poll_t* poll, int, int) {
        static_cast<UvLoop*>(poll->loop->data)->handler_.ready(static_cast<Watch*>(poll->data)->number);
    }

    uv_poll_t* init_watch(std::size_t number, int source) {
        auto& watch = watches_[number];
        if (!watch.is_made) {
            check(uv_poll_init(&loop_, &watch.poll, source));
            watch.poll.data = &watch;
            watch.number = number;
            watch.is_made = true;
        }
        return &watch.poll;
    }

    Handler& handler_;
    uv_loop_t loop_{};
    uv_timer_t timer_{};
    const std::unique_ptr<Watch[]> watches_;
};

} // namespace pollux::bench
