// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pollux::bench {

/// A contender with boost::asio::steady_timer. A cancelled wait calls back, too, which is part of the cost of
/// cancelling.
class AsioTimers {
  public:
    static constexpr auto name = "asio";

    explicit AsioTimers(std::size_t count) {
        timers_.reserve(count);
        for (std::size_t number = 0; number < count; ++number) timers_.emplace_back(context_);
    }

    void insert(std::size_t number, std::uint64_t delay) {
        auto& timer = timers_[number];
        timer.expires_after(std::chrono::nanoseconds(delay));
        timer.async_wait([this](boost::system::error_code error) {
            if (!error) ++fired_;
        });
    }
    void rearm(std::size_t number, std::uint64_t delay) { insert(number, delay); }
    void cancel(std::size_t number) { timers_[number].cancel(); }

    void turn() {
        context_.restart();
        context_.poll();
    }

    std::size_t fired() const noexcept { return fired_; }

  private:
    boost::asio::io_context context_{1}; // one thread
    std::vector<boost::asio::steady_timer> timers_;
    std::size_t fired_ = 0;
};

} // namespace pollux::bench
