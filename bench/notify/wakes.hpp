// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "processor.hpp"
#include "rounds.hpp"

#include <pollux/event.hpp>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

/// Workloads that measure the time until a sleeping thread has the token that another one notified.
namespace pollux::bench {

/// A WakeLatency measures wakes: it has a receiver on processor 0, the caller, and a sender on processor 1, which waits
/// until the receiver sleeps. `Waiting` has a constructor with the capacity, notify(Token) and recv().
template <typename Waiting>
class WakeLatency {
  public:
    WakeLatency() : receiver_(syscall(SYS_gettid)), sender_([this] { serve(); }) {}
    ~WakeLatency() {
        over_ = true;
        ++requested_;
        requested_.notify_one();
        sender_.join();
    }
    WakeLatency(const WakeLatency&) = delete;
    WakeLatency& operator=(const WakeLatency&) = delete;

    /// The cycles from the call of notify() to the return of recv().
    double measure() {
        ++requested_;
        requested_.notify_one();
        const auto& tokens = waiting_.recv();
        const auto end = cycles();
        const Token expected{(requested_ - 1) % capacity};
        if (tokens.size() != 1 || (Waiting::names_tokens && tokens[0] != expected)) {
            throw std::logic_error("expected the notified token");
        }
        return static_cast<double>(end - sent_.load(std::memory_order_relaxed));
    }

  private:
    static constexpr unsigned capacity = 64;

    bool receiver_sleeps() const {
        std::ifstream file("/proc/self/task/" + std::to_string(receiver_) + "/stat");
        std::string text;
        std::getline(file, text);
        return text.compare(text.rfind(')'), 3, ") S") == 0;
    }

    void serve() {
        pin_to(1);
        for (unsigned number = 0;; ++number) {
            requested_.wait(number);
            if (over_) return;
            while (!receiver_sleeps()) {}
            sent_.store(cycles(), std::memory_order_relaxed);
            static_cast<void>(waiting_.notify(Token{number % capacity}));
        }
    }

    Waiting waiting_{capacity};
    const long receiver_;
    std::atomic<unsigned> requested_ = 0;
    std::atomic<std::uint64_t> sent_ = 0;
    std::atomic<bool> over_ = false;
    std::thread sender_;
};

template <typename Waiting>
Sample wake() {
    return [wakes = std::make_shared<WakeLatency<Waiting>>()] { return wakes->measure(); };
}

} // namespace pollux::bench
