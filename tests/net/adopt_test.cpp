// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include "../conformance/sources.hpp"
#include "../conformance/wine.hpp"

namespace pollux::net::tests {
namespace {

using conformance::Owned;

/// The error with which a type refuses a socket, which must stay unchanged.
template <typename Type>
std::error_code refusal(const Owned& source) {
    const auto before = conformance::flags_of(source);
    const auto error = error_of([&](auto& refused) { return Type::adopt(source, refused); });
    EXPECT_EQ(conformance::flags_of(source), before);
    return error;
}

// adopt() takes a socket that was made elsewhere, and makes it non-blocking and close-on-exec; it refuses any other
// source and leaves it unchanged.
RULE(owner, adopts) {
    const auto first = listener(Address::Kind::ipv4); // on Windows sockets work after net has made one
    auto pair = conformance::make_pair(conformance::Kind::tcp);
    conformance::set_blocking(pair.near, true);
    auto stream = good([&](auto& error) { return TcpStream::adopt(pair.near, error); });
    EXPECT_EQ(stream.native_handle(), pair.near.release());
    std::array<std::byte, 1> buffer{};
    EXPECT_TRUE(stream.read(buffer).would_block());
    conformance::write(pair.far, "x");
    EXPECT_EQ(read(stream), "x");

    auto udp = conformance::udp_socket();
    auto waiting = conformance::listener();
    for (const auto* source : {&udp, &waiting, &pair.far}) conformance::set_blocking(*source, true);
    EXPECT_EQ(refusal<TcpStream>(udp), std::errc::wrong_protocol_type);
    EXPECT_EQ(refusal<TcpListener>(udp), std::errc::wrong_protocol_type);
    EXPECT_EQ(refusal<UdpSocket>(pair.far), std::errc::wrong_protocol_type);
    EXPECT_EQ(refusal<TcpStream>(waiting), std::errc::invalid_argument) << "it listens";
    EXPECT_EQ(refusal<TcpListener>(pair.far), std::errc::invalid_argument) << "it does not listen";
    EXPECT_EQ(refusal<TcpListener>(conformance::unconnected_tcp_socket()), std::errc::invalid_argument);

    const auto file = conformance::open_file();
#ifdef _WIN32
    constexpr auto no_socket = std::errc::bad_file_descriptor;
#else
    constexpr auto no_socket = std::errc::not_a_socket;
#endif
    EXPECT_EQ(error_of([&](auto& error) { return TcpStream::adopt(file, error); }), no_socket);
    EXPECT_EQ(error_of([&](auto& error) { return TcpListener::adopt(file, error); }), no_socket);
    EXPECT_EQ(error_of([&](auto& error) { return UdpSocket::adopt(file, error); }), no_socket);
    for (const auto none : {OwnedSource::none, Source{1000}}) {
        EXPECT_EQ(error_of([&](auto& error) { return TcpStream::adopt(none, error); }), std::errc::bad_file_descriptor);
        EXPECT_EQ(error_of([&](auto& error) { return UdpSocket::adopt(none, error); }), std::errc::bad_file_descriptor);
    }
    const auto adopted = good([&](auto& error) { return UdpSocket::adopt(udp.get(), error); });
    EXPECT_EQ(adopted.native_handle(), udp.release());
    auto adopted_listener = good([&](auto& error) { return TcpListener::adopt(waiting.get(), error); });
    EXPECT_EQ(adopted_listener.native_handle(), waiting.release());
    EXPECT_TRUE(adopted_listener.accept().would_block());

    // Sockets that are connecting, that are being refused, and whose connection has ended.
    auto connecting = conformance::connect_to(adopted_listener.native_handle());
    auto begun = good([&](auto& error) { return TcpStream::adopt(connecting.release(), error); });
    EXPECT_TRUE(finished([&] { return begun.finish_connect(); }).is_done());
    auto refused = conformance::connect_to_closed_port();
    auto failing = good([&](auto& error) { return TcpStream::adopt(refused.release(), error); });
    EXPECT_EQ(finished([&] { return failing.finish_connect(); }).error, std::errc::connection_refused);
    auto ended = conformance::make_pair(conformance::Kind::tcp);
    conformance::reset(ended.far);
    EXPECT_TRUE(conformance::wait_for_hang_up(ended.near));
    auto lost = good([&](auto& error) { return TcpStream::adopt(ended.near.release(), error); });
    const auto outcome = finished([&] { return lost.read(buffer); });
    EXPECT_FALSE(outcome.is_done());
    if (!conformance::wine_version()) { // Wine reports the end instead: docs/platforms.md
        EXPECT_EQ(outcome.error, std::errc::connection_reset);
    }
}

} // namespace
} // namespace pollux::net::tests
