// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/loop.hpp>
#include <pollux/net/unix_stream.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <thread>

/// What the examples of nesting have in common: the work of the Loop, and the report on it.
namespace nesting {

inline constexpr int ticks = 40; // of the timer of each loop
inline constexpr int bytes = 200;
inline constexpr int posts = 40;

/// Returns a number that grows with each event and each callback of a Loop.
inline std::uint64_t work_of(const pollux::loop::Loop& loop) {
    const auto metrics = loop.metrics();
    return metrics.events + metrics.callbacks.total();
}

/// A WakeupCount counts how often a Loop that measures time has slept in a poll, and after how many of these sleeps it
/// had nothing to do. It is used in the callbacks of Loop::on_poll().
class WakeupCount {
  public:
    explicit WakeupCount(const pollux::loop::Loop& loop) : loop_(loop) {}

    /// `own` is the work since the last poll that the caller made itself.
    void before_poll(std::uint64_t own = 0) {
        const auto work = work_of(loop_);
        if (has_slept_ && work == work_ + own) ++idle_;
        work_ = work;
        asleep_ = loop_.metrics().asleep;
    }
    void after_poll() {
        has_slept_ = loop_.metrics().asleep > asleep_;
        if (has_slept_) ++count_;
    }

    std::uint64_t count() const { return count_; }
    std::uint64_t idle() const { return idle_; }

  private:
    const pollux::loop::Loop& loop_;
    bool has_slept_ = false;
    std::uint64_t work_ = 0, count_ = 0, idle_ = 0;
    std::chrono::nanoseconds asleep_{0};
};

/// A Work gives a Loop a timer, a byte that a pair of sockets passes to and fro, and posts of a thread. Each post waits
/// until the one before was called, so that each has to wake the Loop.
class Work {
  public:
    explicit Work(pollux::loop::Loop& loop) : loop_(loop) {
        std::error_code error;
        auto pair = pollux::net::UnixStream::pair(error);
        if (error) throw std::system_error(error, "socketpair");
        ends_[0] = {std::move(pair.first), {}};
        ends_[1] = {std::move(pair.second), {}};
    }
    ~Work() {
        if (thread_.joinable()) thread_.join();
    }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    void start() {
        timer_ = loop_.every(std::chrono::milliseconds(3), [this] {
            if (++ticks_ == ticks) timer_.close();
        });
        for (auto& end : ends_) {
            end.watcher = loop_.watch(end.stream, pollux::Ready::readable, pollux::Mode::level,
                                      [this, &end](pollux::Ready) { pass(end); });
        }
        send(ends_[0]);
        thread_ = std::thread([this, poster = loop_.poster(), keep_alive = loop_.keep_alive()] {
            for (int post = 1; post <= posts; ++post) {
                if (poster.post([this] { ++posts_; })) return;
                while (posts_ < post) std::this_thread::yield();
            }
        });
    }

    /// Prints what was done and how often the Loop was woken; returns the exit status of the program.
    int report(int outer_ticks, std::uint64_t wakeups, std::uint64_t idle) const {
        std::printf("%d and %d ticks, %d bytes, %d posts; %llu wake-ups, %llu of them without work\n", ticks_,
                    outer_ticks, bytes_, posts_.load(), static_cast<unsigned long long>(wakeups),
                    static_cast<unsigned long long>(idle));
        const bool is_complete = ticks_ == ticks && outer_ticks == ticks && bytes_ == bytes && posts_ == posts;
        return is_complete && idle == 0 ? 0 : 1;
    }

  private:
    struct End {
        pollux::net::UnixStream stream = {};
        pollux::loop::Watcher watcher = {};
    };

    static void send(End& end) {
        const std::byte byte[1] = {};
        if (!end.stream.write(byte).is_done()) throw std::runtime_error("write: failed");
    }
    void pass(End& end) {
        std::byte byte[1];
        if (!end.stream.read(byte).is_done()) return;
        if (++bytes_ < bytes) return send(end);
        for (auto& each : ends_) each.watcher.close();
    }

    pollux::loop::Loop& loop_;
    End ends_[2];
    pollux::loop::Timer timer_;
    std::thread thread_;
    int ticks_ = 0, bytes_ = 0;
    std::atomic<int> posts_ = 0;
};

} // namespace nesting
