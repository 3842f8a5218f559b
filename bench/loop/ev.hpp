// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "handler.hpp"

#include <ev.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <vector>

namespace pollux::bench {

/// A contender with libev and its epoll backend.
class EvLoop {
  public:
    static constexpr auto name = "libev";

    EvLoop(std::size_t count, Handler& handler) : handler_(handler), watches_(std::make_unique<Watch[]>(count)) {
        if (loop_ == nullptr) throw std::runtime_error("ev_loop_new failed");
        ev_set_userdata(loop_, this);
    }
    ~EvLoop() { ev_loop_destroy(loop_); }
    EvLoop(const EvLoop&) = delete;
    EvLoop& operator=(const EvLoop&) = delete;

    void watch(std::size_t number, int source) { ev_io_start(loop_, init_watch(number, source)); }
    void set_far_timer() {
        ev_timer_init(
            &timer_, [](struct ev_loop*, ev_timer*, int) {}, 3600., 0.);
        ev_timer_start(loop_, &timer_);
    }

    void run() { ev_run(loop_, 0); }
    void stop() { ev_break(loop_, EVBREAK_ONE); }

    void churn(const std::vector<int>& sources) {
        for (std::size_t number = 0; number < sources.size(); ++number) {
            auto* io = init_watch(number, sources[number]);
            ev_io_start(loop_, io);
            ev_io_stop(loop_, io); // required by its manual before a change
            ev_io_set(io, sources[number], EV_READ | EV_WRITE);
            ev_io_start(loop_, io);
            ev_io_stop(loop_, io);
        }
        ev_run(loop_, EVRUN_NOWAIT);
    }

  private:
    struct Watch {
        ev_io io{};
        std::size_t number = 0;
    };

    static void call(struct ev_loop* loop, ev_io* io, int) {
        static_cast<EvLoop*>(ev_userdata(loop))->handler_.ready(static_cast<Watch*>(io->data)->number);
    }

    ev_io* init_watch(std::size_t number, int source) {
        auto& watch = watches_[number];
        ev_io_init(&watch.io, &EvLoop::call, source, EV_READ);
        watch.io.data = &watch;
        watch.number = number;
        return &watch.io;
    }

    Handler& handler_;
    struct ev_loop* const loop_ = ev_loop_new(EVBACKEND_EPOLL);
    ev_timer timer_{};
    const std::unique_ptr<Watch[]> watches_;
};

} // namespace pollux::bench
