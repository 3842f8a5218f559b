// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "handler.hpp"
#include "processor.hpp"
#include "rounds.hpp"

#include <cerrno>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace pollux::bench {

/// Pipes owns `count` pipes, each with two descriptors.
class Pipes {
  public:
    explicit Pipes(std::size_t count) {
        raise_limit();
        for (std::size_t number = 0; number < count; ++number) {
            int ends[2];
            if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) == -1) {
                throw std::system_error(errno, std::system_category(), "pipe " + std::to_string(number));
            }
            out_.push_back(ends[0]);
            in_.push_back(ends[1]);
        }
    }
    ~Pipes() {
        for (const auto& ends : {out_, in_}) {
            for (const int end : ends) close(end);
        }
    }
    Pipes(const Pipes&) = delete;
    Pipes& operator=(const Pipes&) = delete;

    std::size_t size() const noexcept { return out_.size(); }
    const std::vector<int>& readable_ends() const noexcept { return out_; }

    void put(std::size_t number) const {
        if (write(in_[number], "", 1) != 1) throw std::system_error(errno, std::system_category(), "write");
    }
    void take(std::size_t number) const {
        char byte = 0;
        if (read(out_[number], &byte, 1) != 1) throw std::logic_error("expected a ready pipe");
    }

  private:
    /// Raises the soft limit of descriptors.
    static void raise_limit() {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }

    std::vector<int> out_, in_;
};

/// A Relay is a ring of pipes, some with a byte that moves to the next pipe when it is reported.
template <typename Watching>
class Relay final : Handler {
  public:
    Relay(std::size_t pipes, std::size_t active, bool has_far_timer) : pipes_(pipes), watching_(pipes, *this) {
        for (std::size_t number = 0; number < pipes; ++number) watching_.watch(number, pipes_.readable_ends()[number]);
        for (std::size_t byte = 0; byte < active; ++byte) pipes_.put(byte * (pipes / active));
        if constexpr (requires { watching_.set_far_timer(); }) {
            if (has_far_timer) watching_.set_far_timer();
        }
    }

    /// The cost of moving one byte.
    double measure() {
        relayed_ = 0;
        const auto start = processor_time();
        watching_.run();
        return static_cast<double>(processor_time() - start) / static_cast<double>(relayed_);
    }

  private:
    static constexpr std::size_t enough = 2'000;

    void ready(std::size_t number) override {
        pipes_.take(number);
        pipes_.put((number + 1) % pipes_.size());
        if (++relayed_ == enough) watching_.stop();
    }

    Pipes pipes_;
    Watching watching_;
    std::size_t relayed_ = 0;
};

/// Churn adds, changes and removes watches of readable sources between two polls.
template <typename Watching>
class Churn final : Handler {
  public:
    Churn() : pipes_(sources), watching_(sources, *this) {
        for (std::size_t number = 0; number < sources; ++number) pipes_.put(number);
    }

    /// The cost of adding, changing and removing one watch.
    double measure() {
        const auto start = processor_time();
        for (int poll = 0; poll < polls; ++poll) watching_.churn(pipes_.readable_ends());
        return static_cast<double>(processor_time() - start) / (polls * sources);
    }

  private:
    static constexpr std::size_t sources = 100;
    static constexpr int polls = 10;

    void ready(std::size_t) override { throw std::logic_error("a removed watch was reported"); }

    Pipes pipes_;
    Watching watching_;
};

template <typename Watching>
Sample relay(std::size_t pipes, std::size_t active, bool has_far_timer = false) {
    return [relay = std::make_shared<Relay<Watching>>(pipes, active, has_far_timer)] { return relay->measure(); };
}

template <typename Watching>
Sample churn() {
    return [churn = std::make_shared<Churn<Watching>>()] { return churn->measure(); };
}

} // namespace pollux::bench
