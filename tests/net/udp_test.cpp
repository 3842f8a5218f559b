// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include "../conformance/wine.hpp"

#ifdef __linux__
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#endif

namespace pollux::net::tests {
namespace {

UdpSocket::Received receive_from(UdpSocket& socket, std::string& text) {
    auto received = finished([&] { return socket.receive_from(room(text)); });
    EXPECT_FALSE(received.has_failed()) << received.error.message();
    text.resize(received.count);
    return received;
}

std::string receive(UdpSocket& socket) {
    std::string text(1000, '\0');
    EXPECT_TRUE(receive_from(socket, text).is_done());
    return text;
}

// Datagrams that are sent to an address are received whole and separately, with the sender's address.
RULE(udp, sends_to) {
    for (const auto kind : both_kinds) {
        auto near = udp_socket(kind), far = udp_socket(kind);
        EXPECT_EQ(address_of(near).with_port(0), Address::loopback(kind, 0));
        for (const auto* words : {"one", "two words"}) {
            const auto sent = near.send_to(bytes(words), address_of(far));
            ASSERT_TRUE(sent.is_done()) << sent.error.message();
            EXPECT_EQ(sent.count, std::string_view(words).size());
        }
        for (const auto* words : {"one", "two words"}) {
            std::string text(1000, '\0');
            const auto received = receive_from(far, text);
            EXPECT_EQ(text, words);
            EXPECT_FALSE(received.truncated);
            EXPECT_EQ(received.from, address_of(near));
            ASSERT_TRUE(far.send_to(bytes(words), received.from).is_done());
            EXPECT_EQ(receive(near), words);
        }
    }
}

// Receiving without a datagram returns would_block and no error.
RULE(udp, would_block) {
    for (const auto kind : both_kinds) {
        auto socket = udp_socket(kind);
        std::array<std::byte, 8> buffer{};
        for (const auto& received : {socket.receive(buffer), socket.receive_from(buffer)}) {
            EXPECT_EQ(received.progress, Progress::would_block);
            EXPECT_FALSE(received.error);
            EXPECT_FALSE(received.truncated);
            EXPECT_EQ(received.from, Address());
        }
    }
}

// An empty datagram is received as zero bytes, which is not an end.
RULE(udp, empty) {
    for (const auto kind : both_kinds) {
        auto near = udp_socket(kind), far = udp_socket(kind);
        const auto sent = near.send_to({}, address_of(far));
        EXPECT_TRUE(sent.is_done()) << sent.error.message();
        std::string text(8, '\0');
        const auto received = receive_from(far, text);
        EXPECT_TRUE(received.is_done());
        EXPECT_EQ(received.count, 0U);
        EXPECT_FALSE(received.truncated);
        EXPECT_EQ(received.from, address_of(near));
        EXPECT_TRUE(far.receive_from(room(text)).would_block());
    }
}

// A datagram that does not fit the buffer is truncated and reported as such, with its sender; the next one is whole.
RULE(udp, truncated) {
    for (const auto kind : both_kinds) {
        auto near = udp_socket(kind), far = udp_socket(kind);
        EXPECT_FALSE(far.connect(address_of(near)));
        for (const bool with_address : {true, false}) {
            for (const auto* words : {"too long", "fits", "x"})
                ASSERT_TRUE(near.send_to(bytes(words), address_of(far)).is_done());
            const auto next = [&](std::string& text) {
                return finished([&] { return with_address ? far.receive_from(room(text)) : far.receive(room(text)); });
            };
            std::string text(4, '\0');
            const auto cut = next(text);
            EXPECT_TRUE(cut.is_done()) << cut.error.message();
            EXPECT_TRUE(cut.truncated);
            EXPECT_EQ(cut.count, 4U);
            EXPECT_EQ(text, "too ");
            EXPECT_EQ(cut.from, with_address ? address_of(near) : Address());
            const auto whole = next(text);
            EXPECT_FALSE(whole.truncated);
            EXPECT_EQ(text, "fits");
            std::string none;
            const auto nothing = next(none);
            EXPECT_TRUE(nothing.is_done());
            EXPECT_TRUE(nothing.truncated);
            EXPECT_EQ(nothing.count, 0U);
        }
    }
}

// After connect() send() reaches the peer, datagrams of others are dropped, and the peer's address is known; before
// connect() send() fails.
RULE(udp, connects) {
    for (const auto kind : both_kinds) {
        auto near = udp_socket(kind), far = udp_socket(kind), other = udp_socket(kind);
        const auto unconnected = near.send(bytes("to whom?"));
        EXPECT_TRUE(unconnected.error == std::errc::destination_address_required ||
                    unconnected.error == std::errc::not_connected ||
                    (conformance::wine_version() && unconnected.error == std::errc::invalid_argument))
            << unconnected.error.message();
        EXPECT_EQ(error_of([&](auto& error) { return near.peer_address(error); }), std::errc::not_connected);
        EXPECT_FALSE(near.connect(address_of(far)));
        EXPECT_EQ(good([&](auto& error) { return near.peer_address(error); }), address_of(far));
        ASSERT_TRUE(near.send(bytes("to far")).is_done());
        EXPECT_EQ(receive(far), "to far");
        ASSERT_TRUE(other.send_to(bytes("dropped"), address_of(near)).is_done());
        ASSERT_TRUE(far.send_to(bytes("received"), address_of(near)).is_done());
        EXPECT_EQ(receive(near), "received");
        std::array<std::byte, 8> buffer{};
        EXPECT_TRUE(near.receive(buffer).would_block());
    }
}

// Sending more than a datagram may hold returns an error and sends nothing.
RULE(udp, too_long) {
    for (const auto kind : both_kinds) {
        auto near = udp_socket(kind), far = udp_socket(kind);
        const std::string text(70'000, 'x');
        const auto sent = near.send_to(bytes(text), address_of(far));
        EXPECT_EQ(sent.error, std::errc::message_size) << sent.error.message();
        std::array<std::byte, 8> buffer{};
        EXPECT_TRUE(far.receive(buffer).would_block());
    }
}

// A connected socket reports once that its datagram was refused; an unconnected one does not.
RULE(udp, refused) {
    for (const auto kind : both_kinds) {
        auto socket = udp_socket(kind);
        const auto closed = address_of(udp_socket(kind));
        std::array<std::byte, 8> buffer{};
        ASSERT_TRUE(socket.send_to(bytes("x"), closed).is_done());
        EXPECT_TRUE(socket.receive(buffer).would_block());
        EXPECT_FALSE(socket.connect(closed));
        ASSERT_TRUE(socket.send(bytes("x")).is_done());
        if (conformance::wine_version()) continue; // Wine loses refusals: docs/platforms.md
        EXPECT_EQ(finished([&] { return socket.receive(buffer); }).error, std::errc::connection_refused);
        EXPECT_TRUE(socket.receive(buffer).would_block());
        EXPECT_FALSE(socket.take_error());
    }
}

// bind() fails at an address in use and at an address of another machine.
RULE(udp, bind_fails) {
    for (const auto kind : both_kinds) {
        const auto taken = udp_socket(kind);
        EXPECT_EQ(error_of([&](auto& error) { return UdpSocket::bind(address_of(taken), error); }),
                  std::errc::address_in_use);
        const BindOptions options{.reuse_port = true};
#ifdef _WIN32
        EXPECT_EQ(error_of([&](auto& error) { return UdpSocket::bind(Address::loopback(kind, 0), options, error); }),
                  std::errc::operation_not_supported);
#else
        const auto first =
            good([&](auto& error) { return UdpSocket::bind(Address::loopback(kind, 0), options, error); });
        const auto second = good([&](auto& error) { return UdpSocket::bind(address_of(first), options, error); });
        EXPECT_TRUE(second.is_open());
#endif
    }
    if (!conformance::wine_version()) {                              // Wine binds it nevertheless
        const Address of_no_machine(Address::Ipv4{192, 0, 2, 1}, 0); // RFC 5737
        EXPECT_EQ(error_of([&](auto& error) { return UdpSocket::bind(of_no_machine, error); }),
                  std::errc::address_not_available);
    }
    // Both at one port, which would be in use if the IPv6 socket accepted IPv4, too.
    const auto six = good([](auto& error) { return UdpSocket::bind(Address::any(Address::Kind::ipv6, 0), error); });
    const auto four =
        good([&](auto& error) { return UdpSocket::bind(Address(Address::Ipv4{}, address_of(six).port()), error); });
    EXPECT_EQ(address_of(four).port(), address_of(six).port());
}

#ifdef __linux__
// The interface of an IPv6 address is passed to the system, which requires it of a link-local address, and is returned
// with the addresses of the socket, of its peer and of a sender.
TEST(Udp, keeps_the_interface_of_an_address) {
    bool is_checked = false;
    ifaddrs* all = nullptr;
    ASSERT_EQ(getifaddrs(&all), 0);
    for (const auto* each = all; each; each = each->ifa_next) {
        if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET6) continue;
        const auto* six = reinterpret_cast<const sockaddr_in6*>(each->ifa_addr);
        if (!IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)) continue;
        Address::Ipv6 bytes{};
        std::copy_n(six->sin6_addr.s6_addr, bytes.size(), bytes.begin());
        std::error_code failure;
        auto near = UdpSocket::bind(Address(bytes, 0, six->sin6_scope_id), {}, failure);
        if (failure) continue; // such as an address that is still being checked
        const auto address = address_of(near);
        EXPECT_EQ(address.interface_number(), six->sin6_scope_id);
        ASSERT_TRUE(near.send_to(tests::bytes("one"), address).is_done());
        std::string text(8, '\0');
        EXPECT_EQ(receive_from(near, text).from, address);
        EXPECT_EQ(text, "one");
        auto unbound =
            good([](auto& error) { return UdpSocket::bind(Address::any(Address::Kind::ipv6, 0), {}, error); });
        EXPECT_EQ(unbound.connect(Address(bytes, address.port())), std::errc::invalid_argument) << "without it";
        EXPECT_FALSE(unbound.connect(address));
        EXPECT_EQ(good([&](auto& error) { return unbound.peer_address(error); }), address);
        is_checked = true;
    }
    freeifaddrs(all);
    if (!is_checked) GTEST_SKIP() << "not checked: no interface has a link-local address";
}
#endif

} // namespace
} // namespace pollux::net::tests
