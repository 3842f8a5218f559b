// SPDX-License-Identifier: BSL-1.0
// An io_context of Boost.Asio holds a Loop: it waits for the descriptor of the Loop and for its next deadline.
//
//     loop_in_asio
//
// Both loops have timers; the Loop also has a pair of sockets, and posts of a thread. The program counts how often Asio
// wakes, and fails if a wake-up found no work, or if work was lost.
#include "nesting_work.hpp"

#include <pollux/loop/loop.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdio>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A HeldLoop makes an io_context run a Loop, until nothing is pending there.
class HeldLoop {
  public:
    HeldLoop(asio::io_context& outer, pollux::loop::Loop& loop)
        : outer_(outer), loop_(loop), descriptor_(outer, loop.descriptor()), timer_(outer) {}
    ~HeldLoop() { descriptor_.release(); } // it belongs to the Loop
    HeldLoop(const HeldLoop&) = delete;
    HeldLoop& operator=(const HeldLoop&) = delete;

    /// Makes Asio wait. To be called again by each handler that has set anything in the Loop, as Asio has no hook for
    /// it before it sleeps.
    void prepare() {
        loop_.prepare();
        if (!waits_) {
            waits_ = true;
            descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
                waits_ = false;
                if (!error) schedule_turn();
            });
        }
        const auto deadline = loop_.next_deadline();
        if (!deadline) {
            timer_.cancel();
        } else if (*deadline <= Clock::now()) {
            schedule_turn();
        } else if (*deadline != timer_.expiry() || !timer_waits_) {
            timer_.expires_at(*deadline);
            timer_waits_ = true;
            timer_.async_wait([this](boost::system::error_code error) {
                if (error) return; // the deadline was replaced
                timer_waits_ = false;
                schedule_turn();
            });
        }
    }

  private:
    /// Asio may have handlers of both the descriptor and the timer: one turn behind them serves both.
    void schedule_turn() {
        if (is_scheduled_) return;
        is_scheduled_ = true;
        asio::post(outer_, [this] { turn(); });
    }

    void turn() {
        is_scheduled_ = false;
        if (is_over_) return;
        is_over_ = !loop_.run_for(0ns);
        if (is_over_) {
            descriptor_.cancel();
            timer_.cancel();
            return;
        }
        if (loop_.descriptor() != descriptor_.native_handle()) { // the turn has opened the backend again
            descriptor_.release();
            descriptor_.assign(loop_.descriptor());
        }
        prepare();
    }

    asio::io_context& outer_;
    pollux::loop::Loop& loop_;
    asio::posix::stream_descriptor descriptor_;
    asio::steady_timer timer_;
    bool waits_ = false, timer_waits_ = false, is_scheduled_ = false, is_over_ = false;
};

/// A timer of Asio with a handler that sets itself again.
class Ticks {
  public:
    explicit Ticks(asio::io_context& outer) : timer_(outer, Clock::now()) { wait(); }
    int count() const { return count_; }

  private:
    void wait() {
        timer_.expires_at(timer_.expiry() + 3ms);
        timer_.async_wait([this](boost::system::error_code error) {
            if (!error && ++count_ < nesting::ticks) wait();
        });
    }

    asio::steady_timer timer_;
    int count_ = 0;
};

} // namespace

int main() try {
    asio::io_context outer(1);
    pollux::loop::Loop loop;
    nesting::Work work(loop);
    HeldLoop held(outer, loop);
    const Ticks ticks(outer);
    work.start();
    held.prepare();
    std::uint64_t wakeups = 0, idle = 0;
    for (;; ++wakeups) {
        const auto before = nesting::work_of(loop) + static_cast<unsigned>(ticks.count());
        if (outer.run_one() == 0) break; // sleeps until there is a handler
        outer.poll();                    // calls all others that are ready
        if (nesting::work_of(loop) + static_cast<unsigned>(ticks.count()) == before) ++idle;
    }
    return work.report(ticks.count(), wakeups, idle);
} catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
