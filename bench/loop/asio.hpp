// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "handler.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <vector>

namespace pollux::bench {

/// A contender with Boost.Asio, whose waits are for one event: each one starts the next.
class AsioContext {
  public:
    static constexpr auto name = "asio";

    AsioContext(std::size_t, Handler& handler) : handler_(handler) {}
    ~AsioContext() {
        for (auto& watch : watches_) watch.release(); // its owner closes it
    }
    AsioContext(const AsioContext&) = delete;
    AsioContext& operator=(const AsioContext&) = delete;

    void watch(std::size_t number, int source) { wait(watches_.emplace_back(context_, source), number); }
    void set_far_timer() {
        timer_.expires_after(std::chrono::hours(1));
        timer_.async_wait([](boost::system::error_code) {});
    }

    void run() {
        context_.restart();
        context_.run();
    }
    void stop() { context_.stop(); }

    void churn(const std::vector<int>& sources) {
        for (const int source : sources) {
            Descriptor descriptor(context_, source);
            descriptor.async_wait(Descriptor::wait_read, [](boost::system::error_code) {});
            descriptor.async_wait(Descriptor::wait_write, [](boost::system::error_code) {});
            descriptor.release();
        }
        context_.restart();
        context_.poll();
    }

  private:
    using Descriptor = boost::asio::posix::stream_descriptor;

    void wait(Descriptor& watch, std::size_t number) {
        watch.async_wait(Descriptor::wait_read, [this, &watch, number](boost::system::error_code error) {
            if (error) return;
            handler_.ready(number);
            wait(watch, number);
        });
    }

    Handler& handler_;
    boost::asio::io_context context_{1}; // one thread
    boost::asio::steady_timer timer_{context_};
    std::deque<Descriptor> watches_;
};

} // namespace pollux::bench
