// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include "../conformance/sources.hpp"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace pollux::net::tests {
namespace {

using conformance::Owned;

Owned socket_of(int family, int type, int protocol = 0) { return Owned(::socket(family, type, protocol)); }

template <typename Type>
std::error_code refusal(const Owned& source) {
    const auto before = conformance::flags_of(source);
    const auto error = error_of([&](auto& refused) { return Type::adopt(source, refused); });
    EXPECT_EQ(conformance::flags_of(source), before) << "it is still the caller's";
    return error;
}

// adopt() takes a connected Unix socket as a stream and a listening one as a listener; it refuses any other source and
// leaves it unchanged.
RULE(unix, adopts) {
    const auto tcp = conformance::make_pair(conformance::Kind::tcp);
    EXPECT_EQ(refusal<UnixStream>(tcp.near), std::errc::address_family_not_supported);
    EXPECT_EQ(refusal<UnixListener>(conformance::listener()), std::errc::address_family_not_supported);
    EXPECT_EQ(refusal<UnixStream>(socket_of(AF_UNIX, SOCK_DGRAM)), std::errc::wrong_protocol_type);
    EXPECT_EQ(refusal<UnixListener>(socket_of(AF_UNIX, SOCK_STREAM)), std::errc::invalid_argument);
    const auto listening = socket_of(AF_UNIX, SOCK_STREAM);
#ifdef __linux__
    const sa_family_t unnamed = AF_UNIX; // Linux then chooses an abstract name
    EXPECT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&unnamed), sizeof unnamed), 0);
    EXPECT_EQ(::listen(listening, 1), 0);
    EXPECT_EQ(refusal<UnixStream>(listening), std::errc::invalid_argument);
    EXPECT_EQ(refusal<UnixStream>(socket_of(AF_UNIX, SOCK_STREAM)), std::errc::not_connected);
    EXPECT_EQ(refusal<UnixStream>(socket_of(AF_UNIX, SOCK_SEQPACKET)), std::errc::wrong_protocol_type);
    auto waiting = good([&](auto& error) { return UnixListener::adopt(::dup(listening), error); });
    EXPECT_TRUE(waiting.accept().would_block());
#endif
    auto pair = conformance::make_pair(conformance::Kind::local);
    conformance::set_blocking(pair.near, true);
    auto stream = good([&](auto& error) { return UnixStream::adopt(pair.near.release(), error); });
    std::array<std::byte, 1> buffer{};
    EXPECT_TRUE(stream.read(buffer).would_block());
    pair.far.close();
    const int ended = stream.release();
    stream = good([&](auto& error) { return UnixStream::adopt(ended, error); });
    EXPECT_TRUE(stream.read(buffer).is_end());
}

TEST(Adopt, refuses_sockets_of_another_family_or_protocol) {
    EXPECT_EQ(refusal<TcpStream>(socket_of(AF_UNIX, SOCK_STREAM)), std::errc::address_family_not_supported);
    EXPECT_EQ(refusal<TcpListener>(socket_of(AF_UNIX, SOCK_STREAM)), std::errc::address_family_not_supported);
    EXPECT_EQ(refusal<UdpSocket>(socket_of(AF_UNIX, SOCK_DGRAM)), std::errc::address_family_not_supported);
    const auto local = conformance::make_pair(conformance::Kind::local);
    EXPECT_EQ(refusal<TcpStream>(local.near), std::errc::address_family_not_supported);
#ifdef __linux__
    EXPECT_EQ(refusal<TcpStream>(conformance::unconnected_tcp_socket()), std::errc::not_connected);
    // Some systems do not let every user open such sockets.
    const auto netlink = socket_of(AF_NETLINK, SOCK_DGRAM, 0);
    EXPECT_EQ(refusal<UdpSocket>(netlink), std::errc::address_family_not_supported);
    const auto ping = socket_of(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    if (ping != Owned::none) {
        EXPECT_EQ(refusal<UdpSocket>(ping), std::errc::wrong_protocol_type);
    }
#endif
}

TEST(Adopt, accepts_a_connect_that_is_in_progress) {
    // Linux does not answer a connection request if the queue is full.
    auto waiting = good([](auto& error) {
        return TcpListener::listen(Address::loopback(Address::Kind::ipv4, 0), {.backlog = 0}, error);
    });
    auto first = connect(address_of(waiting));
    EXPECT_TRUE(finished([&] { return first.finish_connect(); }).is_done());
    auto begun = connect(address_of(waiting));
    const int released = begun.release();
    auto second = good([&](auto& error) { return TcpStream::adopt(released, error); });
    EXPECT_FALSE(second.finish_connect().has_failed());
    // With a limit below the number of sources poll(2) refuses even one.
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit lowered{0, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &lowered);
    const auto under_way = second.finish_connect();
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_FALSE(under_way.has_failed()) << under_way.error.message();
    accept(waiting);
    EXPECT_TRUE(finished([&] { return second.finish_connect(); }).is_done());
}

} // namespace
} // namespace pollux::net::tests
