// SPDX-License-Identifier: BSL-1.0
#include "team.hpp"

#include "processor.hpp"

#include <algorithm>

namespace pollux::bench {

static constexpr int processors = 2;

Team::Team(int size, int first, std::function<void(int)> work) : work_(std::move(work)), spans_(unsigned(size)) {
    for (int number = 0; number < size; ++number) {
        threads_.emplace_back([this, number, first] { serve(number, (first + number) % processors); });
    }
}

Team::~Team() {
    over_ = true;
    ++runs_;
    runs_.notify_all();
    for (auto& thread : threads_) thread.join();
}

void Team::serve(int number, int processor) {
    pin_to(processor);
    const auto size = spans_.size();
    for (unsigned run = 0;; ++run) {
        runs_.wait(run);
        if (over_) return;
        ++arrived_;
        while (arrived_ < size) std::this_thread::yield(); // two threads may share a processor
        const auto start = cycles();
        work_(number);
        spans_[unsigned(number)] = {start, cycles()};
        if (++done_ == size) done_.notify_one();
    }
}

double Team::run() {
    arrived_ = done_ = 0;
    ++runs_;
    runs_.notify_all();
    for (auto done = done_.load(); done < spans_.size(); done = done_.load()) done_.wait(done);
    const auto by_start = [](const Span& a, const Span& b) { return a.start < b.start; };
    const auto by_end = [](const Span& a, const Span& b) { return a.end < b.end; };
    const auto first = std::min_element(spans_.begin(), spans_.end(), by_start)->start;
    const auto last = std::max_element(spans_.begin(), spans_.end(), by_end)->end;
    return static_cast<double>(last - first) * std::min<double>(processors, static_cast<double>(spans_.size()));
}

} // namespace pollux::bench
