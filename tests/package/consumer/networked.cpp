// SPDX-License-Identifier: BSL-1.0
// Connects to itself, with a Poll.
#include <pollux/net/net.hpp>
#include <pollux/poll.hpp>

#include <array>
#include <cstdio>

int main() {
    using namespace pollux;
    std::error_code error;
    auto listener = net::TcpListener::listen(net::Address::parse("127.0.0.1:0", error), error);
    auto client = net::TcpStream::connect(listener.local_address(error), error);
    Poll poll;
    Events events;
    const auto wait_for = [&](const auto& source, Ready ready) {
        if (!error) error = poll.registrator().add(source, {Token{1}, ready});
        if (!error) error = poll.poll(events);
        if (!error) error = poll.registrator().remove(source);
    };
    wait_for(listener, Ready::readable);
    auto server = listener.accept().stream;
    wait_for(client, Ready::writable);
    std::array<std::byte, 4> sent{std::byte{42}}, received{};
    const bool written = client.finish_connect().is_done() && client.write(sent).count == sent.size();
    wait_for(server, Ready::readable);
    const bool echoed = written && !error && server.read(received).count == 4 && received == sent;
    std::puts(echoed ? "connected and echoed" : "FAILS");
    return echoed ? 0 : 1;
}
