// SPDX-License-Identifier: BSL-1.0
// Two threads update the prices of 10,000 symbols as fast as they can; TCP subscribers on this machine get the newest
// price of each symbol that changed, in lines "symbol price": market_data [seconds [port]], from the first subscriber
// on, until all have read the last prices. Try: curl -N telnet://127.0.0.1:7777
//
//     2 producers ──▶ prices, tokens ──▶ loop thread ──▶ tokens for each subscriber ──▶ newest prices ──▶ its socket
//
// A slow subscriber gets fewer prices, and never an old one: its queue holds tokens, not prices.
#include <pollux/net/net.hpp>
#include <pollux/notify/notify.hpp>
#include <pollux/poll.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <map>
#include <string>
#include <vector>

using namespace pollux;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::size_t symbols = 10'000;

/// A Quote is the newest price of a symbol.
struct Quote {
    std::atomic<std::uint64_t> price = 0; // each update adds one: the sum of the last prices is the count of updates
    std::atomic<Clock::time_point> at{};  // when that was
};
static std::array<Quote, symbols> quotes;

/// Updates the prices of half of the symbols, in turn, until `over`; returns the number of updates.
static std::uint64_t produce(const notify::Notifier& changed, std::size_t first, const std::atomic<bool>& over) {
    std::uint64_t updates = 0;
    for (; !over.load(std::memory_order_relaxed); ++updates) {
        const auto symbol = first + updates % (symbols / 2);
        auto& [price, at] = quotes[symbol];
        at.store(Clock::now(), std::memory_order_relaxed);
        price.store(price.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        // The thread that receives the token sees this price, or a newer one. An error is that of a failed wake: the
        // token is queued, and the next notification wakes again.
        static_cast<void>(changed.notify(Token{symbol}));
    }
    return updates;
}

/// A Subscriber is a connection, and what it has not received yet.
struct Subscriber {
    explicit Subscriber(net::TcpStream&& accepted) : stream(std::move(accepted)) {
        for (std::size_t symbol = 0; symbol < symbols; ++symbol) note(Token{symbol});
    }
    /// Notes that a price has changed. There is no error: the queue wakes no Selector, and its other end is here.
    void note(Token symbol) { static_cast<void>(changed.notifier.notify(symbol)); }

    net::TcpStream stream;
    notify::TokenQueue changed =
        notify::event_queue(symbols); // its own: the symbols whose prices it has not received yet
    notify::Tokens due{1024};
    std::string unsent = {}; // what its socket did not take yet
};

static unsigned long long delivered = 0;
static std::vector<double> ages; // of prices when they were sent, in microseconds: of every 64th

/// Sends the newest prices of what changed, as long as the socket takes them; false when the connection is over.
static bool serve(const PollRegistrator& registrator, Token token, Subscriber& subscriber) {
    auto& [stream, changed, due, unsent] = subscriber;
    while (!unsent.empty() || changed.poller.poll(due) != 0) {
        if (unsent.empty()) {
            for (const auto each : due) {
                const auto symbol = static_cast<std::size_t>(each);
                const auto& [price, at] = quotes[symbol];
                if (delivered++ % 64 == 0 && price.load() != 0)
                    ages.push_back(Microseconds(Clock::now() - at.load()).count());
                unsent += std::to_string(symbol) + ' ' + std::to_string(price.load()) + '\n';
            }
        }
        const auto sent = stream.write(std::as_bytes(std::span(unsent)));
        if (sent.would_block()) return !registrator.modify(stream, {token, Ready::writable});
        if (sent.has_failed()) {
            static_cast<void>(registrator.remove(stream)); // its end closes the stream, which ends a watch as well
            return false;
        }
        unsent.erase(0, sent.count);
    }
    return true;
}

int main(int argc, char** argv) try {
    std::error_code error;
    const long seconds = argc > 1 ? std::atol(argv[1]) : 10;
    const auto address = net::Address::parse(std::string("127.0.0.1:") + (argc > 2 ? argv[2] : "7777"), error);
    if (seconds < 1 || error) throw std::invalid_argument("usage: market_data [seconds [port]]");
    auto listener = net::TcpListener::listen(address, error);
    if (error) throw std::system_error(error, address.to_string());
    Poll poll;
    const auto& registrator = poll.registrator();
    std::printf("port %d, backend %s\n", listener.local_address(error).port(), poll.choice().backend->name.c_str());
    if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write to the standard output");

    notify::TokenQueue changed = notify::event_queue(symbols, registrator); // wakes the loop
    Events events;
    const auto listening = Token(listener.native_handle());
    error = registrator.add(listener, {listening, Ready::readable, Mode::level});
    error = error ? error : poll.poll(events); // the first subscriber, which is accepted below
    const auto end = Clock::now() + std::chrono::seconds(seconds);
    std::atomic<bool> over = false;
    std::array<std::future<std::uint64_t>, 2> producers;
    for (std::size_t i = 0; i < producers.size(); ++i)
        producers[i] =
            std::async(std::launch::async, produce, std::cref(changed.notifier), i * symbols / 2, std::cref(over));

    std::map<Token, Subscriber> subscribers;
    notify::Tokens tokens(1024);
    unsigned long long updates = 0, changes = 0;
    for (bool all_sent = false; !error && !(over && all_sent);) {
        if (!over && Clock::now() >= end) {
            over = true;
            for (auto& producer : producers) updates += producer.get();
        }
        error = poll.poll(events, over ? Timeout(10ms) : end - Clock::now());
        for (const auto& event : events) {
            if (event.token == wake_token) continue; // there are tokens, which are received below in each turn
            if (event.token == listening) {
                auto accepted = listener.accept();
                const auto token = Token(accepted.stream.native_handle());
                if (accepted.is_done() && !registrator.add(accepted.stream, {token, Ready::none}))
                    subscribers.try_emplace(token, std::move(accepted.stream));
            } else if (!serve(registrator, event.token, subscribers.at(event.token))) {
                subscribers.erase(event.token);
            }
        }
        changes += changed.poller.poll(tokens);
        all_sent = tokens.empty();
        for (auto next = subscribers.begin(); next != subscribers.end();) {
            const auto current = next++;
            auto& subscriber = current->second;
            for (const auto token : tokens) subscriber.note(token);
            const bool connected = !subscriber.unsent.empty() || serve(registrator, current->first, subscriber);
            all_sent &= subscriber.unsent.empty();
            if (!connected) subscribers.erase(current);
        }
    }
    over = true;
    if (error) throw std::system_error(error);
    std::sort(ages.begin(), ages.end());
    const auto age = [](double share) { return ages.empty() ? 0 : ages[std::size_t(share * double(ages.size() - 1))]; };
    std::printf("updates %llu, conflated %llu, delivered %llu\n"
                "age of a price when it is sent, in us: median %.0f, 99 %% %.0f, 99.9 %% %.0f, most %.0f\n",
                updates, updates - changes, delivered, age(.5), age(.99), age(.999), age(1));
    if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write to the standard output");
} catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
