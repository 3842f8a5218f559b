// SPDX-License-Identifier: BSL-1.0
// A Loop runs the handlers of Boost.Asio. Asio has no descriptor that another loop could wait for, so an io_context
// waits in a thread of its own, and an executor passes its handlers to the Loop: no loop polls the other one by time,
// and all handlers run in the thread of the Loop.
//
//     asio_in_loop
//
// The Loop has a timer, a pair of sockets and posts of a thread, Asio another pair and a timer. The program counts the
// wake-ups of the Loop, and fails if one found no work, if work was lost, or if a handler ran in another thread.
#include "nesting_work.hpp"

#include <pollux/loop/loop.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Error = boost::system::error_code;
using Stream = asio::local::stream_protocol::socket;

/// A LoopExecutor is an executor of Asio that posts functions to a Loop.
class LoopExecutor {
  public:
    explicit LoopExecutor(pollux::loop::Loop& loop) : loop_(&loop), poster_(loop.poster()) {}

    template <typename Function>
    void execute(Function&& function) const {
        // In a shared_ptr, as some versions of Asio have functions that are called as rvalues only.
        auto kept = std::make_shared<std::decay_t<Function>>(std::forward<Function>(function));
        if (const auto error = poster_.post([kept = std::move(kept)] { std::move (*kept)(); })) {
            throw std::system_error(error, "post");
        }
    }
    bool operator==(const LoopExecutor& other) const noexcept { return loop_ == other.loop_; }

  private:
    const pollux::loop::Loop* loop_; // to compare
    pollux::loop::Poster poster_;
};

/// An AsioWork is the work of Asio: a timer, and a byte that a pair of sockets passes to and fro. While an operation is
/// pending, neither loop ends: Asio does not count handlers that wait in the Loop, and the Loop does not count
/// operations of Asio.
class AsioWork {
  public:
    AsioWork(asio::io_context& context, pollux::loop::Loop& loop)
        : executor_(loop),
          keep_alive_(loop.keep_alive()),
          work_guard_(context.get_executor()),
          timer_(context, std::chrono::steady_clock::now()),
          ends_{Stream(context), Stream(context)} {
        asio::local::connect_pair(ends_[0], ends_[1]);
    }

    void start() {
        tick();
        for (int end : {0, 1}) receive(end);
        asio::write(ends_[0], asio::buffer(bytes_));
    }
    int ticks() const { return ticks_; }
    int passed() const { return passed_; }
    int in_other_threads() const { return in_other_threads_; }

  private:
    template <typename Handler>
    auto in_loop(Handler handler) {
        ++pending_;
        return asio::bind_executor(executor_, [this, handler](Error error, auto&&...) {
            if (std::this_thread::get_id() != thread_) ++in_other_threads_;
            handler(error);
            if (--pending_ > 0) return;
            work_guard_.reset();
            if (const auto failure = keep_alive_.close()) throw std::system_error(failure, "wake");
        });
    }
    void tick() {
        timer_.expires_at(timer_.expiry() + 3ms);
        timer_.async_wait(in_loop([this](Error error) {
            if (!error && ++ticks_ < nesting::ticks) tick();
        }));
    }
    void receive(int end) {
        ends_[end].async_read_some(asio::buffer(bytes_), in_loop([this, end](Error error) {
                                       if (error) return;
                                       if (++passed_ == nesting::bytes) return ends_[1 - end].cancel();
                                       asio::write(ends_[end], asio::buffer(bytes_));
                                       receive(end);
                                   }));
    }

    LoopExecutor executor_;
    pollux::loop::KeepAlive keep_alive_;
    asio::executor_work_guard<asio::io_context::executor_type> work_guard_;
    const std::thread::id thread_ = std::this_thread::get_id();
    asio::steady_timer timer_;
    Stream ends_[2];
    char bytes_[1] = {};
    int pending_ = 0, ticks_ = 0, passed_ = 0, in_other_threads_ = 0;
};

} // namespace

int main() try {
    pollux::loop::Loop loop(pollux::Request{}, {.measure_time = true});
    asio::io_context context(1);
    nesting::Work work(loop);
    nesting::WakeupCount wakeups(loop);
    const auto hook = loop.on_poll([&] { wakeups.before_poll(); }, [&] { wakeups.after_poll(); });
    int ticks = 0, passed = 0, in_other_threads = 0;
    std::thread thread;
    {
        AsioWork asio_work(context, loop);
        asio_work.start();
        work.start();
        thread = std::thread([&context] { context.run(); }); // returns when Asio has no work
        loop.run_for(60s);
        thread.join();
        ticks = asio_work.ticks();
        passed = asio_work.passed();
        in_other_threads = asio_work.in_other_threads();
    }
    std::printf("%d bytes of Asio, %d handlers in another thread; ", passed, in_other_threads);
    const int status = work.report(ticks, wakeups.count(), wakeups.idle());
    return passed == nesting::bytes && in_other_threads == 0 ? status : 1;
} catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
