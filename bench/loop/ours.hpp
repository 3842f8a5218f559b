// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "handler.hpp"

#include <pollux/loop/loop.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

namespace pollux::bench {

/// A contender with Poll on epoll, without Loop. It has no timers, and changes take effect at once.
class PollOverEpoll {
  public:
    static constexpr auto name = "poll";

    PollOverEpoll(std::size_t, Handler& handler) : handler_(handler) {}

    void watch(std::size_t number, int source) {
        check(poll_.registrator().add(source, {Token{number}, Ready::readable, Mode::level}));
    }

    void run() {
        for (is_over_ = false; !is_over_;) wait(forever);
    }
    void stop() { is_over_ = true; }

    void churn(const std::vector<int>& sources) {
        constexpr auto both = Ready::readable | Ready::writable;
        const auto& registrator = poll_.registrator();
        for (std::size_t number = 0; number < sources.size(); ++number) {
            check(registrator.add(sources[number], {Token{number}, Ready::readable, Mode::level}));
            check(registrator.modify(sources[number], {Token{number}, both, Mode::level}));
            check(registrator.remove(sources[number]));
        }
        wait(std::chrono::nanoseconds(0));
    }

  private:
    static void check(std::error_code error) {
        if (error) throw std::system_error(error);
    }

    void wait(Timeout timeout) {
        check(poll_.poll(events_, timeout));
        for (const auto& event : events_) handler_.ready(static_cast<std::uint64_t>(event.token));
    }

    Handler& handler_;
    Poll poll_{Request{"epoll"}};
    Events events_;
    bool is_over_ = false;
};

/// The base class of contenders with Loop.
class LoopOverBackend {
  public:
    LoopOverBackend(const char* backend, std::size_t count, Handler& handler)
        : handler_(handler), loop_(Request{backend}) {
        watchers_.reserve(count);
    }

    void watch(std::size_t number, int source) { watchers_.push_back(watched(number, source)); }
    void set_far_timer() {
        timer_ = loop_.after(std::chrono::hours(1), [] {});
    }

    void run() { loop_.run(); }
    void stop() { static_cast<void>(loop_.stop()); } // from its own thread: it wakes nothing

    /// In a turn, as in a server: the slots of ended watches are not free before its last phase.
    void churn(const std::vector<int>& sources) {
        const auto posted = loop_.post([this, &sources] {
            for (std::size_t number = 0; number < sources.size(); ++number) {
                auto watcher = watched(number, sources[number]);
                watcher.change(Ready::readable | Ready::writable);
            }
        });
        if (posted) throw std::system_error(posted, "post");
        loop_.run_for(std::chrono::nanoseconds(0));
    }

  private:
    loop::Watcher watched(std::size_t number, int source) {
        return loop_.watch(source, Ready::readable, Mode::level, [this, number](Ready) { handler_.ready(number); });
    }

    Handler& handler_;
    loop::Loop loop_;
    std::vector<loop::Watcher> watchers_;
    loop::Timer timer_;
};

class LoopOverEpoll : public LoopOverBackend {
  public:
    static constexpr auto name = "loop";
    LoopOverEpoll(std::size_t count, Handler& handler) : LoopOverBackend("epoll", count, handler) {}
};

class LoopOverUring : public LoopOverBackend {
  public:
    static constexpr auto name = "loop, io_uring";
    LoopOverUring(std::size_t count, Handler& handler) : LoopOverBackend("io_uring", count, handler) {}
};

} // namespace pollux::bench
