// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "handler.hpp"

#include <event2/event.h>
#include <event2/event_struct.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <vector>

namespace pollux::bench {

/// A contender with libevent and its defaults, without the optional list of changes of its epoll backend.
class EventBase {
  public:
    static constexpr auto name = "libevent";

    EventBase(std::size_t count, Handler& handler) : handler_(handler), watches_(std::make_unique<Watch[]>(count)) {
        if (base_ == nullptr) throw std::runtime_error("event_base_new failed");
    }
    ~EventBase() { event_base_free(base_); }
    EventBase(const EventBase&) = delete;
    EventBase& operator=(const EventBase&) = delete;

    void watch(std::size_t number, int source) { add(number, source, EV_READ); }
    void set_far_timer() {
        const timeval hour{3600, 0};
        evtimer_assign(
            &timer_, base_, [](evutil_socket_t, short, void*) {}, nullptr);
        check(event_add(&timer_, &hour));
    }

    void run() { event_base_loop(base_, 0); }
    void stop() { event_base_loopbreak(base_); }

    void churn(const std::vector<int>& sources) {
        for (std::size_t number = 0; number < sources.size(); ++number) {
            auto* event = add(number, sources[number], EV_READ);
            check(event_del(event));
            event = add(number, sources[number], EV_READ | EV_WRITE);
            check(event_del(event));
        }
        event_base_loop(base_, EVLOOP_NONBLOCK);
    }

  private:
    struct Watch {
        event watched{};
        EventBase* base = nullptr;
        std::size_t number = 0;
    };

    static void check(int error) {
        if (error) throw std::runtime_error("libevent failed");
    }

    static void call(evutil_socket_t, short, void* argument) {
        const auto& watch = *static_cast<Watch*>(argument);
        watch.base->handler_.ready(watch.number);
    }

    event* add(std::size_t number, int source, int events) {
        auto& watch = watches_[number];
        watch.base = this;
        watch.number = number;
        check(event_assign(&watch.watched, base_, source, static_cast<short>(events | EV_PERSIST), &EventBase::call,
                           &watch));
        check(event_add(&watch.watched, nullptr));
        return &watch.watched;
    }

    Handler& handler_;
    event_base* const base_ = event_base_new();
    event timer_{};
    const std::unique_ptr<Watch[]> watches_;
};

} // namespace pollux::bench
