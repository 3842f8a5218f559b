// SPDX-License-Identifier: BSL-1.0
// Does in a turn what a runtime such as Node does: timers, work of a thread pool, network requests, callbacks for the
// end of the turn. Gets three pages from a local HTTP server, which it starts itself: node_experiment [--trace]
#include <pollux/loop/loop.hpp>
#include <pollux/net/net.hpp>

#include <future>
#include <iostream>
#include <memory>
#include <string>

using namespace pollux;
using namespace std::chrono_literals;

void check(std::error_code error) {
    if (error) throw std::system_error(error);
}

/// A Connection is a stream, its watch, and the text that was received. The callback of the watch owns it.
struct Connection {
    net::TcpStream stream;
    loop::Watcher watcher = {};
    std::string text = {};

    /// Reads once, as a level watch is reported again for data that is left. Returns false at the end of the stream.
    bool read() {
        std::byte buffer[4096];
        const auto received = stream.read(buffer);
        text.append(reinterpret_cast<const char*>(buffer), received.count);
        return received.is_done() || received.would_block();
    }
    /// Writes bytes that fit into the socket's buffer, as all do here.
    void write(const std::string& bytes) { check(stream.write(std::as_bytes(std::span(bytes))).error); }
};

/// Responds to a request with its path.
void serve(loop::Loop& loop, net::TcpStream stream) {
    const auto client = std::make_shared<Connection>(Connection{std::move(stream)});
    client->watcher = loop.watch(client->stream, Ready::readable, Mode::level, [client](Ready) {
        if (!client->read()) return client->watcher.close(); // without a request
        if (client->text.find("\r\n\r\n") == std::string::npos) return;
        client->write("HTTP/1.0 200 OK\r\n\r\nthis is " + client->text.substr(4, client->text.find(' ', 4) - 4) + '\n');
        client->watcher.close();
    });
}

void get(loop::Loop& loop, const net::Address& server, const std::string& path) {
    std::error_code error;
    const auto request = std::make_shared<Connection>(Connection{net::TcpStream::connect(server, error)});
    check(error);
    request->watcher = loop.watch(request->stream, Ready::writable, Mode::level, [=, &loop](Ready ready) {
        if (any(ready & Ready::writable)) {
            check(request->stream.finish_connect().error);
            request->write("GET " + path + " HTTP/1.0\r\n\r\n");
            return request->watcher.change(Ready::readable);
        }
        if (request->read()) return;
        request->watcher.close();
        check(loop.defer(
            [request] { std::cout << "http: " << request->text.substr(request->text.find("\r\n\r\n") + 4); }));
    });
}

int main(int argc, char** argv) try {
    const bool trace = argc == 2 && std::string("--trace") == argv[1];
    if (argc > 1 && !trace) throw std::invalid_argument("usage: node_experiment [--trace]");
    loop::Loop loop;
    std::error_code error;
    auto listener = net::TcpListener::listen(net::Address::loopback(net::Address::Kind::ipv4, 0), error);
    check(error);
    auto serving = loop.watch(listener, Ready::readable, Mode::level, [&](Ready) {
        if (auto accepted = listener.accept(); accepted.is_done()) serve(loop, std::move(accepted.stream));
    });
    serving.in_background(); // so that run_one() ends when only the server is left
    for (const auto* path : {"/page/1", "/page/2", "/page/3"}) get(loop, listener.local_address(error), path);
    loop::Timer timer = loop.every(10ms, [&, tick = 0]() mutable {
        std::cout << "timer: " << ++tick << '\n';
        if (tick == 3) timer.close();
    });
    const auto work =
        std::async(std::launch::async, [poster = loop.poster(), keep_alive = loop.keep_alive()]() mutable {
            unsigned long long sum = 0;
            for (auto i = 1ULL; i <= 1000; ++i) sum += i * i;
            check(poster.post([sum, keep_alive = std::move(keep_alive)] { std::cout << "work: " << sum << '\n'; }));
        });
    for (loop::LoopMetrics before, now; loop.run_one(); before = now) {
        now = loop.metrics();
        const auto& [timers, posted, ready, deferred] = before.callbacks;
        if (trace)
            std::cout << "-- turn " << now.turns << ": timers " << now.callbacks.timers - timers << ", posted "
                      << now.callbacks.posted - posted << ", ready " << now.callbacks.ready - ready << " of "
                      << now.events - before.events << ", deferred " << now.callbacks.deferred - deferred << ", closed "
                      << now.closed - before.closed << '\n';
    }
    if (!std::cout.flush()) throw std::runtime_error("cannot write to the standard output");
} catch (const std::exception& error) {
    return std::cerr << error.what() << '\n', 1;
}
