// SPDX-License-Identifier: BSL-1.0
// Sends back what it gets on a TCP port of this machine: echo_server [port]. Try: curl -N telnet://127.0.0.1:7777
#include <pollux/net/net.hpp>
#include <pollux/poll.hpp>

#include <cstdio>
#include <map>
#include <string>
#include <utility>

using namespace pollux;

/// A Client is a connection, and what has to be sent back to it.
struct Client {
    net::TcpStream stream;
    std::string unsent;
};

/// Sends back what the client has sent. Bytes that the socket does not take yet are kept, and no more are read until
/// these are sent. Returns what to wait for next; none when the connection is over.
static Ready echo(Client& client) {
    auto& [stream, unsent] = client;
    if (unsent.empty()) {
        unsent.resize(65536);
        const auto received = stream.read(std::as_writable_bytes(std::span(unsent)));
        unsent.resize(received.count);
        if (!received.is_done()) return received.would_block() ? Ready::readable : Ready::none;
    }
    const auto sent = stream.write(std::as_bytes(std::span(unsent)));
    if (sent.has_failed()) return Ready::none;
    unsent.erase(0, sent.count);
    return unsent.empty() ? Ready::readable : Ready::writable;
}

int main(int argc, char** argv) try {
    std::error_code error;
    const auto at = net::Address::parse(std::string("127.0.0.1:") + (argc > 1 ? argv[1] : "7777"), error);
    if (error) throw std::invalid_argument("usage: echo_server [port]");
    auto listener = net::TcpListener::listen(at, error);
    if (error) throw std::system_error(error, at.to_string());
    Poll poll;
    const auto& registrator = poll.registrator();
    std::printf("port %d, backend %s\n", listener.local_address(error).port(), poll.choice().backend->name.c_str());
    if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write to the standard output");
    std::map<Token, Client> clients;
    const Watch waiting{Token(listener.native_handle()), Ready::readable, Mode::level};
    const Watch paused{waiting.token, Ready::none};
    error = registrator.add(listener, waiting);
    Timeout patience = forever;
    for (Events events; !error && !(error = poll.poll(events, patience));) {
        if (std::exchange(patience, forever)) error = registrator.modify(listener, waiting);
        for (const auto& event : events) {
            if (event.token == waiting.token) {
                auto accepted = listener.accept();
                const auto token = Token(accepted.stream.native_handle());
                if (accepted.is_done() && !registrator.add(accepted.stream, {token, Ready::readable}))
                    clients[token].stream = std::move(accepted.stream);
                if (accepted.has_failed() && !net::TcpListener::is_transient(accepted.error)) {
                    error =
                        registrator.modify(listener, paused); // no descriptor is free: until the next event, or 100 ms
                    patience = std::chrono::milliseconds(100);
                }
                continue;
            }
            auto& client = clients[event.token];
            const auto next = echo(client);
            if (any(next) && !registrator.modify(client.stream, {event.token, next})) continue; // one-shot: armed again
            static_cast<void>(registrator.remove(client.stream)); // its end closes it, which ends a watch as well
            clients.erase(event.token);
        }
    }
    throw std::system_error(error);
} catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
