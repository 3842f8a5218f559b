// SPDX-License-Identifier: BSL-1.0
// Sends each datagram back to its sender: udp_echo [address:port]. Try: nc -u 127.0.0.1 7777
#include <pollux/net/net.hpp>
#include <pollux/poll.hpp>

#include <array>
#include <cstdio>

using namespace pollux;

int main(int argc, char** argv) try {
    const std::string text = argc > 1 ? argv[1] : "127.0.0.1:7777";
    std::error_code error;
    const auto at = net::Address::parse(text, error);
    if (error) return std::fprintf(stderr, "%s: %s\n", text.c_str(), error.message().c_str()), 1;
    auto socket = net::UdpSocket::bind(at, error);
    if (error) throw std::system_error(error, text);

    Poll poll;
    error = poll.registrator().add(socket, {Token{1}, Ready::readable, Mode::level});
    std::printf("%s, backend %s\n", socket.local_address(error).to_string().c_str(),
                poll.choice().backend->name.c_str());
    if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write to the standard output");
    std::array<std::byte, 65536> buffer; // longer than any datagram, so that none is cut
    for (Events events; !error; error = poll.poll(events)) {
        for (;;) {
            const auto received = socket.receive_from(buffer);
            if (received.would_block()) break;
            if (received.has_failed()) throw std::system_error(received.error, "receive");
            // Datagrams may be lost: even this one, if the send buffer is full.
            const auto sent = socket.send_to(net::ConstBuffer(buffer).first(received.count), received.from);
            if (sent.has_failed())
                std::fprintf(stderr, "%s: %s\n", received.from.to_string().c_str(), sent.error.message().c_str());
        }
    }
    throw std::system_error(error);
} catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
