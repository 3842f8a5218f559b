// SPDX-License-Identifier: BSL-1.0
// releases_sources <backend>: removes listeners beside a busy select(), closes each and binds its port again, which
// fails if the backend still holds the closed one.
#include <pollux/open.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <thread>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace pollux;

/// Makes a listener on the port, or on any free one if it is 0, which it then sets; -1 if the port is in use.
int listener_on(in_port_t& port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = port;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener, generic, size) == -1 || listen(listener, 1) == -1) {
        close(listener);
        return -1;
    }
    getsockname(listener, generic, &size);
    port = address.sin_port;
    return listener;
}

/// The number of listeners that were still held after they had been removed and closed.
int held(Selector& selector, int rounds) {
    in_port_t port = 0;
    int listener = listener_on(port), count = 0;
    for (int round = 0; round < rounds; ++round) {
        static_cast<void>(selector.registrator().add(listener, {Token{1}, Ready::readable, Mode::level}));
        // At each step of select(): before it has the watch, while it submits it, and in the kernel.
        for (std::atomic<int> pause = round % 4096; pause > 0; --pause) {}
        static_cast<void>(selector.registrator().remove(listener));
        close(listener);
        while ((listener = listener_on(port)) == -1) ++count;
    }
    close(listener);
    return count;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: releases_sources <backend>\n", stderr);
        return 2;
    }
    const auto selector = open({.backend = argv[1]});
    std::atomic<bool> stop = false;
    std::thread selecting([&] {
        std::array<Event, 8> buffer{};
        std::error_code error;
        while (!stop) selector->select(buffer, Timeout(0), error);
    });
    const int count = held(*selector, 20'000);
    stop = true;
    selecting.join();
    if (count > 0) std::printf("expected: each port can be bound at once, seen: in use %d times\n", count);
    return count > 0 ? 1 : 0;
}
