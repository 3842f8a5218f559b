// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "handler.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

namespace pollux::bench {

/// A contender with a loop that is hand-written for this program: level-triggered epoll.
class RawEpoll {
  public:
    static constexpr auto name = "epoll";

    RawEpoll(std::size_t, Handler& handler) : handler_(handler), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
        if (epoll_ == -1) throw std::system_error(errno, std::system_category(), "epoll_create1");
    }
    ~RawEpoll() { close(epoll_); }
    RawEpoll(const RawEpoll&) = delete;
    RawEpoll& operator=(const RawEpoll&) = delete;

    void watch(std::size_t number, int source) { control(EPOLL_CTL_ADD, number, source, EPOLLIN); }
    void set_far_timer() { timeout_ = 3'600'000; }

    void run() {
        for (is_over_ = false; !is_over_;) wait(timeout_);
    }
    void stop() { is_over_ = true; }

    void churn(const std::vector<int>& sources) {
        for (std::size_t number = 0; number < sources.size(); ++number) {
            control(EPOLL_CTL_ADD, number, sources[number], EPOLLIN);
            control(EPOLL_CTL_MOD, number, sources[number], EPOLLIN | EPOLLOUT);
            control(EPOLL_CTL_DEL, number, sources[number], 0);
        }
        wait(0);
    }

  private:
    void control(int operation, std::size_t number, int source, std::uint32_t events) const {
        epoll_event event{events, {.u64 = number}};
        if (epoll_ctl(epoll_, operation, source, &event) == -1) {
            throw std::system_error(errno, std::system_category(), "epoll_ctl");
        }
    }

    void wait(int timeout) {
        const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout);
        for (int i = 0; i < count; ++i) handler_.ready(events_[static_cast<std::size_t>(i)].data.u64);
    }

    Handler& handler_;
    const int epoll_;
    int timeout_ = -1;
    bool is_over_ = false;
    std::array<epoll_event, 256> events_; // the capacity of Loop's buffer
};

} // namespace pollux::bench
