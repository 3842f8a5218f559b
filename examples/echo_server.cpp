// SPDX-License-Identifier: BSL-1.0
// Sends back what it gets on a TCP port of this machine: echo_server [port]. Try: curl -N telnet://127.0.0.1:7777
#include <pollux/poll.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace pollux;

static int listen_on(long port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    sockaddr_in address{AF_INET, htons(static_cast<std::uint16_t>(port)), {htonl(INADDR_LOOPBACK)}, {}};
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 || bind(listener, general, size) == -1 ||
        listen(listener, SOMAXCONN) == -1 || getsockname(listener, general, &size) == -1)
        throw std::system_error(errno, std::system_category(), "port " + std::to_string(port));
    std::printf("port %d, ", ntohs(address.sin_port));
    return listener;
}

/// What comes in goes out; what cannot go out yet is kept, and nothing more is read until it is gone.
/// Returns what to wait for next; none when the connection is over.
static Ready echo(int client, std::string& unsent) {
    if (unsent.empty()) {
        unsent.resize(65536);
        const auto count = recv(client, unsent.data(), unsent.size(), 0);
        unsent.resize(static_cast<std::size_t>(count > 0 ? count : 0));
        if (count <= 0) return count == -1 && errno == EAGAIN ? Ready::readable : Ready::none;
    }
    const auto sent = send(client, unsent.data(), unsent.size(), MSG_NOSIGNAL);
    if (sent == -1 && errno != EAGAIN) return Ready::none;
    unsent.erase(0, static_cast<std::size_t>(sent > 0 ? sent : 0));
    return unsent.empty() ? Ready::readable : Ready::writable;
}

int main(int argc, char** argv) try {
    char* rest = nullptr;
    const long port = argc > 1 ? std::strtol(argv[1], &rest, 10) : 7777;
    if ((rest && *rest) || port < 0 || port > 65535) throw std::invalid_argument("usage: echo_server [port]");
    Poll poll;
    const auto& registrator = poll.registrator();
    const int listener = listen_on(port);
    std::printf("backend %s\n", poll.choice().winner->name.c_str());
    std::fflush(stdout);
    std::map<int, std::string> unsent; // by client
    const Watch waiting{Token(listener), Ready::readable, Mode::level}, paused{Token(listener), Ready::none};
    auto error = registrator.add(listener, waiting);
    for (Events events; !error && !(error = poll.poll(events));) {
        for (const auto& event : events) {
            const int source = static_cast<int>(event.token);
            if (source == listener) {
                const int client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (client == -1 && errno == EMFILE) registrator.modify(listener, paused); // until one is closed
                registrator.add(client, {Token(client), Ready::readable});                 // refuses -1
            } else if (const auto next = echo(source, unsent[source]); any(next)) {
                registrator.modify(source, {event.token, next}); // one-shot: armed again, for what is next
            } else {
                registrator.remove(source);
                unsent.erase(source);
                close(source);
                registrator.modify(listener, waiting);
            }
        }
    }
    throw std::system_error(error);
} catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
