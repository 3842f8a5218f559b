// SPDX-License-Identifier: BSL-1.0
// Sockets of pollux::net: self-connection, errors of datagrams, families and addresses.
#include "museum.hpp"

#include <pollux/net/net.hpp>

#include <array>
#include <span>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>

namespace pollux::museum {
namespace {

net::ConstBuffer bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

REPORTED_BUG(
    connects_to_itself, "tokio-rs/tokio#3405, zeromq/libzmq#4588",
    "A client tries a local port at which no socket listens, and the kernel chooses the same port for the client: "
    "it is connected to itself and reads what it writes.") {
    // Happens by chance once in about 28,000 tries; a bound socket that connects to its own address does it at once.
    const int made = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(made, generic, size), 0);
    ASSERT_EQ(::getsockname(made, generic, &size), 0);
    ASSERT_EQ(::connect(made, generic, size), 0);
    std::error_code error;
    auto stream = net::TcpStream::adopt(made, error);
    ASSERT_FALSE(error);
    EXPECT_TRUE(stream.finish_connect().is_done());
    // This is how a program recognizes it.
    EXPECT_EQ(stream.local_address(error), stream.peer_address(error));

    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        checked.add(stream.native_handle(), both, mode);
        EXPECT_EQ(checked.next(), Ready::writable);
        EXPECT_EQ(stream.write(bytes("echo")).count, 4U);
        if (mode == Mode::oneshot) checked.modify(stream.native_handle(), both, mode);
        EXPECT_TRUE(checked.reports(Ready::readable));
        std::array<std::byte, 16> room{};
        EXPECT_EQ(stream.read(room).count, 4U);
        EXPECT_TRUE(stream.read(room).would_block());
        checked.remove(stream.native_handle());
    }
    // After a half-close it reads its own end of stream.
    checked.add(stream.native_handle(), Ready::readable);
    EXPECT_FALSE(stream.shut_down_writing());
    EXPECT_TRUE(any(checked.next() & Ready::readable));
    std::array<std::byte, 16> room{};
    EXPECT_TRUE(stream.read(room).is_end());
}

REPORTED_BUG(
    receives_the_refusal_of_a_datagram_once, "oven-sh/bun#28690",
    "A connected datagram socket sends to a closed port: the loop reports the error without a direction, and the "
    "program closes its socket or spins.") {
    std::error_code error;
    net::Address closed_port;
    {
        auto gone = net::UdpSocket::bind(net::Address::loopback(net::Address::Kind::ipv4, 0), error);
        closed_port = gone.local_address(error);
    }
    auto socket = net::UdpSocket::bind(net::Address::loopback(net::Address::Kind::ipv4, 0), error);
    ASSERT_FALSE(error);
    ASSERT_FALSE(socket.connect(closed_port));
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        checked.add(socket.native_handle(), Ready::readable, mode);
        EXPECT_TRUE(checked.is_quiet());
        EXPECT_TRUE(socket.send(bytes("hello")).is_done());
        EXPECT_TRUE(any(checked.next() & Ready::readable));
        std::array<std::byte, 16> room{};
        EXPECT_EQ(socket.receive(room).error, std::errc::connection_refused);
        EXPECT_TRUE(socket.receive(room).would_block());
        if (mode == Mode::oneshot) checked.modify(socket.native_handle(), Ready::readable, mode);
        EXPECT_TRUE(checked.is_quiet());
        checked.remove(socket.native_handle());
    }
}

REPORTED_BUG(
    names_the_interface_of_an_address, "joyent/libuv#271, nanomsg/nng#1022",
    "A link-local address is written with its interface: the interface is lost in parsing, and the kernel refuses "
    "the address.") {
    std::error_code error;
    const auto address = net::Address::parse("[fe80::1%7]:4711", error);
    EXPECT_FALSE(error);
    EXPECT_EQ(address.interface_number(), 7U);
    EXPECT_EQ(address.to_string(), "[fe80::1%7]:4711");
    EXPECT_EQ(net::Address::parse(address.to_string(), error), address);
    EXPECT_NE(net::Address::parse("[fe80::1]:4711", error), address);
    // The loopback interface has index 1, and ::1 may be written with it.
    const auto scoped = net::Address::parse("[::1%1]:0", error);
    EXPECT_FALSE(error);
    auto listener = net::TcpListener::listen(scoped, error);
    ASSERT_FALSE(error) << error.message();
    auto client = net::TcpStream::connect(listener.local_address(error), error);
    ASSERT_FALSE(error) << error.message();
    CheckedPoll checked(backend);
    checked.add(listener.native_handle(), Ready::readable);
    EXPECT_EQ(checked.next(), Ready::readable);
    EXPECT_TRUE(listener.accept().is_done());
}

REPORTED_BUG(
    accepts_mapped_addresses, "libuv/libuv#4433",
    "A server listens at all addresses of IPv6, and a client connects by IPv4: whether the connection is accepted, "
    "and from which address, depends on the system.") {
    for (const bool only_ipv6 : {false, true}) {
        std::error_code error;
        auto listener =
            net::TcpListener::listen(net::Address::any(net::Address::Kind::ipv6, 0), {.only_ipv6 = only_ipv6}, error);
        ASSERT_FALSE(error) << error.message();
        CheckedPoll checked(backend);
        checked.add(listener.native_handle(), Ready::readable);
        const auto to = net::Address::loopback(net::Address::Kind::ipv4, listener.local_address(error).port());
        auto client = net::TcpStream::connect(to, error);
        if (only_ipv6) {
            // Refused, at once or when it is asked.
            if (!error) {
                checked.add(client.native_handle(), Ready::writable, Mode::level, Token{2});
                EXPECT_TRUE(any(checked.next(Token{2}) & Ready::writable));
                error = client.finish_connect().error;
            }
            EXPECT_EQ(error, std::errc::connection_refused);
            continue;
        }
        ASSERT_FALSE(error) << error.message();
        EXPECT_EQ(checked.next(), Ready::readable);
        const auto accepted = listener.accept();
        ASSERT_TRUE(accepted.is_done());
        EXPECT_EQ(accepted.peer.to_string().rfind("[::ffff:127.0.0.1]:", 0), 0U) << accepted.peer.to_string();
    }
}

REPORTED_BUG(
    adopts_a_socket_of_another_family, "erlang/otp#612, cppalliance/corosio#228",
    "A program adopts a socket of another family or type as a TCP stream: the adoption succeeds, and each later "
    "call fails with an error that gives no reason.") {
    struct Case {
        int family, type;
        bool is_tcp, is_udp, is_unix;
    };
    for (const auto& one :
         {Case{AF_INET, SOCK_STREAM, true, false, false}, Case{AF_INET6, SOCK_STREAM, true, false, false},
          Case{AF_INET, SOCK_DGRAM, false, true, false}, Case{AF_INET6, SOCK_DGRAM, false, true, false},
          Case{AF_UNIX, SOCK_STREAM, false, false, true}, Case{AF_UNIX, SOCK_DGRAM, false, false, false}}) {
        SCOPED_TRACE(testing::Message() << "family " << one.family << ", type " << one.type);
        const auto can_adopt = [&](auto adopt) {
            const Owned made(::socket(one.family, one.type, 0));
            std::error_code error;
            auto adopted = adopt(made.get(), error);
            EXPECT_EQ(adopted.is_open(), !error);
            static_cast<void>(adopted.is_open() ? adopted.release() : 0);
            // These are not connected, which is refused where the family is right.
            return !error || error == std::errc::not_connected;
        };
        EXPECT_EQ(can_adopt([](Source source, auto& error) { return net::TcpStream::adopt(source, error); }),
                  one.is_tcp);
        EXPECT_EQ(can_adopt([](Source source, auto& error) { return net::UdpSocket::adopt(source, error); }),
                  one.is_udp);
        EXPECT_EQ(can_adopt([](Source source, auto& error) { return net::UnixStream::adopt(source, error); }),
                  one.is_unix);
    }
}

REPORTED_BUG(
    watches_a_socket_that_never_connected, "apple/swift-nio#326",
    "A socket is registered before it listens or connects: the kernel reports a hang-up at once and forever.") {
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        const auto socket = conformance::unconnected_tcp_socket();
        checked.add(socket, Ready::none, mode);
        EXPECT_TRUE(checked.is_quiet());
        if (mode != Mode::level) {
            checked.modify(socket, both, mode);
            int events = 0;
            for (int i = 0; i < 20; ++i) {
                EXPECT_FALSE(checked.poll.poll(checked.events, 1ms));
                events += static_cast<int>(checked.events.size());
            }
            EXPECT_LE(events, 2);
        }
        checked.remove(socket);
    }
}

} // namespace
} // namespace pollux::museum
