// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../harness/backends.hpp"
#include "../harness/rule.hpp"

#include <pollux/net/net.hpp>
#include <pollux/poll.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

namespace pollux::net {

inline void PrintTo(const Address& address, std::ostream* out) { *out << address.to_string(); }
#ifndef _WIN32
inline void PrintTo(const UnixAddress& address, std::ostream* out) { *out << address.to_string(); }
#endif

} // namespace pollux::net

namespace pollux::net::tests {

using namespace std::chrono_literals;

/// How long a test waits for an expected event: no machine is that slow.
inline constexpr std::chrono::nanoseconds patience = 30s;

inline constexpr Address::Kind both_kinds[] = {Address::Kind::ipv4, Address::Kind::ipv6};

inline ConstBuffer bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline Buffer room(std::string& text) { return std::as_writable_bytes(std::span(text.data(), text.size())); }

/// Repeats the call while it would block, within a limit; returns its last result.
auto finished(const auto& call) {
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
        auto outcome = call();
        if (!outcome.would_block() || std::chrono::steady_clock::now() > end) return outcome;
        std::this_thread::yield();
    }
}

/// Makes a call that must succeed, with an error_code as its last argument.
auto good(const auto& call) {
    std::error_code error;
    auto made = call(error);
    EXPECT_FALSE(error) << error.message();
    return made;
}

/// Makes a call that may fail, and returns its error. What a failed one makes must be closed or empty.
std::error_code error_of(const auto& call) {
    std::error_code error;
    const auto made = call(error);
    if constexpr (requires { made.is_open(); }) {
        EXPECT_FALSE(error && made.is_open());
    }
    if constexpr (requires { made.is_unnamed(); }) {
        EXPECT_TRUE(!error || made.is_unnamed());
    }
    return error;
}

/// Reads once, and returns the bytes as text.
std::string read(auto& source, std::size_t most = 65536) {
    std::string text(most, '\0');
    const auto outcome = finished([&] { return source.read(room(text)); });
    EXPECT_FALSE(outcome.has_failed()) << outcome.error.message();
    text.resize(outcome.count);
    return text;
}

/// Reads `size` bytes, or up to the end.
std::string read_all(auto& source, std::size_t size) {
    std::string text;
    while (text.size() < size) {
        const auto more = read(source, std::min<std::size_t>(size - text.size(), 65536));
        if (more.empty()) break;
        text += more;
    }
    return text;
}

void write(auto& source, std::string_view text) {
    const auto outcome = source.write(bytes(text));
    ASSERT_TRUE(outcome.is_done()) << outcome.error.message();
    EXPECT_EQ(outcome.count, text.size());
}

/// Writes until a write would block; returns the number of bytes.
std::size_t fill(auto& source) {
    const std::string block(65536, 'f');
    std::size_t total = 0;
    // Single bytes fit where a whole block does not.
    for (std::size_t size = block.size(); size > 0;) {
        const auto outcome = source.write(bytes(block).first(size));
        EXPECT_FALSE(outcome.has_failed()) << outcome.error.message();
        total += outcome.count;
        if (!outcome.is_done()) size /= 2;
    }
    return total;
}

inline TcpListener listener(Address::Kind kind) {
    auto made = good([&](auto& error) { return TcpListener::listen(Address::loopback(kind, 0), error); });
    EXPECT_TRUE(made.is_open()) << "these tests need 127.0.0.1 and ::1";
    return made;
}

inline UdpSocket udp_socket(Address::Kind kind) {
    auto made = good([&](auto& error) { return UdpSocket::bind(Address::loopback(kind, 0), error); });
    EXPECT_TRUE(made.is_open()) << "these tests need 127.0.0.1 and ::1";
    return made;
}

Address address_of(const auto& socket) {
    return good([&](auto& error) { return socket.local_address(error); });
}

/// The address of a closed port: that of a listener that was closed.
inline Address address_of_closed_port(Address::Kind kind) { return address_of(listener(kind)); }

/// Starts to connect; a failure at once fails the test.
inline TcpStream connect(const Address& to) {
    return good([&](auto& error) { return TcpStream::connect(to, error); });
}

inline TcpStream accept(TcpListener& listener) {
    auto accepted = finished([&] { return listener.accept(); });
    EXPECT_TRUE(accepted.is_done()) << accepted.error.message();
    return std::move(accepted.stream);
}

/// Ends are the two ends of a connection.
template <typename Stream>
struct Ends {
    Stream near;
    Stream far;
};

inline Ends<TcpStream> tcp(Address::Kind kind) {
    auto waiting = listener(kind);
    Ends<TcpStream> ends{connect(address_of(waiting)), {}};
    ends.far = accept(waiting);
    EXPECT_TRUE(finished([&] { return ends.near.finish_connect(); }).is_done());
    EXPECT_FALSE(ends.near.set_nodelay(true));
    return ends;
}

/// Calls `test` with the ends of each kind of stream: near, far.
void with_streams(const auto& body) {
    for (const auto kind : both_kinds) {
        SCOPED_TRACE(kind == Address::Kind::ipv4 ? "IPv4" : "IPv6");
        auto [near, far] = tcp(kind);
        body(near, far);
    }
#ifndef _WIN32
    SCOPED_TRACE("Unix");
    auto [first, second] = good([](auto& error) { return UnixStream::pair(error); });
    body(first, second);
#endif
}

using harness::backends;

inline Poll poll_with(const std::string& backend) {
    return Poll({.backend = backend, .folders = {harness::folder_of_plugins()}});
}

} // namespace pollux::net::tests
