// SPDX-License-Identifier: BSL-1.0
// Uses each library by the functions that return errors. tests/package/run compiles it without exceptions and RTTI, and
// includes all public headers before it. With the argument "too_large" it makes a queue that is refused by an
// exception.
#include <pollux/loop/loop.hpp>
#include <pollux/net/net.hpp>
#include <pollux/notify/notify.hpp>
#include <pollux/time/deadline.hpp>
#include <pollux/time/timer_wheel.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <string_view>
#include <thread>

namespace {

using namespace pollux;
using namespace std::chrono_literals;

/// Returns whether a backend that does not exist is reported, and not thrown.
bool reports_failures() {
    Choice choice;
    std::error_code error;
    const Request request{.backend = "nosuch"};
    const bool has_selector = open(request, choice) != nullptr;
    const bool has_poll = Poll::open(request, choice, error).has_value();
    const auto loop = loop::Loop::open(request, choice, error);
    std::printf("%s\n", choice.text().c_str());
    return !has_selector && !has_poll && !loop && error == std::errc::no_such_device;
}

/// Returns whether each kind of queue delivers a token to a Poll or to a thread.
bool notifies(Poll& poll) {
    notify::Tokens tokens;
    auto [sender, receiver] = notify::event_channel(3);
    auto lanes = notify::event_queue(3, notify::lanes);
    auto [notifier, poller] = notify::event_queue(3, poll.registrator());
    if (sender.notify(Token{2}) || lanes.notifier.notify(Token{1}) || notifier.notify(Token{0})) return false;
    Events events;
    return !receiver.recv(tokens) && lanes.poller.poll(tokens) == 1 && !poll.poll(events) && poller.poll(tokens) == 1;
}

/// Returns whether a wheel returns a timer when it is due.
bool keeps_time() {
    struct Timer : time::TimerNode {
    } timer;
    time::TimerWheel wheel(0);
    wheel.insert(timer, 1'000'000);
    wheel.advance(2'000'000);
    return wheel.pop_due() == &timer && time::Deadline(1h).left() > 0ns;
}

/// Returns whether a Loop watches, posts, handles a signal, and defers.
bool loops(loop::Loop& loop, std::error_code& error) {
    auto listener = net::TcpListener::listen(net::Address::parse("127.0.0.1:0", error), error);
    if (error) return false;
    const auto client = net::TcpStream::connect(listener.local_address(error), error);
    if (error) return false;
    int calls = 0;
    loop::Watcher accepting;
    const auto accept = [&](Ready, std::error_code refused) {
        ++calls;
        error = refused;
        accepting.close();
    };
    accepting = loop.watch(listener, Ready::readable, Mode::level, accept, error);
    if (error) return false;
    std::array<char, 100> large{};
    std::thread other([&, poster = loop.poster(), keep_alive = loop.keep_alive()] {
        static_cast<void>(poster.post([&calls, large] { calls += large[0] + 1; }));
    });
    loop::SignalWatcher interrupt = loop.on_signal(
        SIGINT,
        [&] {
            ++calls;
            interrupt.close();
            static_cast<void>(loop.defer([&] { ++calls; }));
        },
        error);
    loop::Timer timer = loop.every(1ms, [&] {
        std::raise(SIGINT);
        timer.close();
    });
    const bool was_stopped = loop.run();
    other.join();
    return !error && !was_stopped && calls == 4;
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1 && argv[1] == std::string_view("too_large")) notify::event_queue(~std::size_t{0});
    Choice choice;
    std::error_code error;
    auto poll = Poll::open({}, choice, error);
    const auto loop = loop::Loop::open({}, choice, error);
    if (!poll || !loop) return std::printf("%s\n", choice.text().c_str()), 1;
    const bool works = reports_failures() && notifies(*poll) && keeps_time() && loops(*loop, error) && !loop->reopen();
    std::puts(works ? "works without exceptions" : "FAILS");
    return works ? 0 : 1;
}
