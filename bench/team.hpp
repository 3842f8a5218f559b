// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace pollux::bench {

/// Threads that do the same work at the same time, on processors 0 and 1 in turn. They sleep in between.
class Team {
  public:
    /// The thread 0 is on processor `first`. `work` is called by each thread with its number.
    Team(int size, int first, std::function<void(int)> work);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    /// Lets all of them work once, and sleeps. Returns the cycles from the first one's start to the last one's end,
    /// times the processors that were used: what all of it has cost.
    double run();

  private:
    struct Span {
        std::uint64_t start, end;
    };

    void serve(int number, int processor);

    const std::function<void(int)> work_;
    std::vector<Span> spans_; // of each thread's work
    std::atomic<unsigned> runs_ = 0;
    std::atomic<std::size_t> arrived_ = 0, done_ = 0;
    std::atomic<bool> over_ = false;
    std::vector<std::thread> threads_;
};

} // namespace pollux::bench
