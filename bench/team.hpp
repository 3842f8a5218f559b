// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace pollux::bench {

/// A Team runs the same work in several threads at the same time, on processors 0 and 1 in turn. They sleep in between.
class Team {
  public:
    /// Thread 0 is on processor `first`. Each thread calls `work` with its index.
    Team(int size, int first, std::function<void(int)> work);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    /// Runs the work once in all threads, and waits. Returns the total cost: the cycles from the first start to the
    /// last end, times the number of processors.
    double run();

  private:
    struct Span {
        std::uint64_t start, end;
    };

    void serve(int number, int processor);

    const std::function<void(int)> work_;
    std::vector<Span> spans_; // of the work of each thread
    std::atomic<unsigned> runs_ = 0;
    std::atomic<std::size_t> arrived_ = 0, done_ = 0;
    std::atomic<bool> over_ = false;
    std::vector<std::thread> threads_;
};

} // namespace pollux::bench
