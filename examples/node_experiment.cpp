// SPDX-License-Identifier: BSL-1.0
// What a runtime such as Node does in a turn: timers, work of a thread pool, network requests, callbacks for the end of
// the turn. Asks a local HTTP server, which it starts itself, for three pages: node_experiment [--trace]
#include <pollux/loop.hpp>
#include <pollux/net.hpp>

#include <array>
#include <cstdio>
#include <cstring>
#include <future>
#include <map>
#include <string>

using namespace pollux;
using namespace std::chrono_literals;

/// A stream, the watch on it, and what came through it.
struct Connection {
    TcpStream stream;
    Watcher watcher;
    std::string text;

    /// Reads all that is there; false at the end of the stream.
    bool read() {
        std::array<std::byte, 4096> buffer;
        for (;;) {
            const auto came = stream.read(buffer);
            if (came.would_block()) return true;
            if (!came.is_done()) return false;
            text.append(reinterpret_cast<const char*>(buffer.data()), came.count);
        }
    }
    void write(const std::string& bytes) { // short enough for the socket's buffer
        if (!stream.write(std::as_bytes(std::span(bytes))).is_done()) throw std::runtime_error("write");
    }
};

using Connections = std::map<int, Connection>;

/// Answers each request with its path, and closes.
void accept(Loop& loop, TcpListener& listener, Connections& clients) {
    for (auto accepted = listener.accept(); accepted.is_done(); accepted = listener.accept()) {
        const int number = clients.empty() ? 0 : clients.rbegin()->first + 1;
        auto& client = clients[number];
        client.stream = std::move(accepted.stream);
        client.watcher = loop.watch(client.stream, Ready::readable, Mode::level, [&clients, &client, number](Ready) {
            const bool open = client.read();
            if (open && client.text.find("\r\n\r\n") == std::string::npos) return;
            const auto path = client.text.substr(4, client.text.find(' ', 4) - 4);
            if (open) client.write("HTTP/1.0 200 OK\r\n\r\nthis is " + path + "\n");
            clients.erase(number);
        });
    }
}

void get(Loop& loop, const Address& server, const std::string& path, Connections& requests, int number) {
    auto& request = requests[number];
    std::error_code error;
    request.stream = TcpStream::connect(server, error);
    if (error) throw std::system_error(error, "connect");
    request.watcher = loop.watch(request.stream, Ready::writable, Mode::level, [=, &loop, &requests](Ready ready) {
        auto& own = requests[number];
        if (any(ready & Ready::writable) && own.text.empty()) {
            const auto connected = own.stream.finish_connect();
            if (connected.has_failed()) throw std::system_error(connected.error, "connect");
            own.write("GET " + path + " HTTP/1.0\r\n\r\n");
            return own.watcher.change(Ready::readable);
        }
        if (own.read()) return;
        std::printf("http: %s", own.text.substr(own.text.find("\r\n\r\n") + 4).c_str());
        loop.defer([&requests, number] { requests.erase(number); });
    });
}

int main(int argc, char** argv) try {
    const bool trace = argc == 2 && std::strcmp(argv[1], "--trace") == 0;
    if (argc > 1 && !trace) throw std::invalid_argument("usage: node_experiment [--trace]");
    Loop loop;
    std::error_code error;
    auto listener = TcpListener::listen(Address::parse("127.0.0.1:0", error), error);
    const auto server = listener.local_address(error);
    if (error) throw std::system_error(error, "listen");
    Connections clients, requests;
    auto serving = loop.watch(listener, Ready::readable, Mode::level, [&](Ready) { accept(loop, listener, clients); });
    serving.in_background(); // a server alone would run for ever

    int ticks = 0;
    Timer ticking = loop.every(10ms, [&] {
        std::printf("timer: %d\n", ++ticks);
        if (ticks == 3) ticking.end();
    });
    for (const int number : {1, 2, 3}) get(loop, server, "/page/" + std::to_string(number), requests, number);
    const auto work = std::async(std::launch::async, [poster = loop.poster(), hold = loop.hold()]() mutable {
        unsigned long long sum = 0;
        for (auto i = 1ULL; i <= 1000; ++i) sum += i * i;
        poster.post([sum] { std::printf("work: %llu\n", sum); });
        hold.release(); // nothing more comes; the future would keep it until the end
    });
    for (auto before = loop.metrics(); loop.run_one(); before = loop.metrics()) {
        const auto now = loop.metrics();
        const auto& [timers, posted, ready, deferred] = now.callbacks;
        if (trace)
            std::printf("-- turn %llu: timers %llu, posted %llu, ready %llu of %llu, deferred %llu, closed %llu\n",
                        1ULL * now.turns, 1ULL * timers - before.callbacks.timers,
                        1ULL * posted - before.callbacks.posted, 1ULL * ready - before.callbacks.ready,
                        1ULL * now.events - before.events, 1ULL * deferred - before.callbacks.deferred,
                        1ULL * now.closed - before.closed);
    }
} catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
