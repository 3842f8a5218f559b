// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include "../conformance/process.hpp"

namespace pollux::net::tests {
namespace {

// finish_connect() returns done after a successful connect(), even if called again, and data flows in both directions.
RULE(tcp, connects) {
    for (const auto kind : both_kinds) {
        auto waiting = listener(kind);
        auto near = connect(address_of(waiting));
        ASSERT_TRUE(near.is_open());
        auto far = accept(waiting);
        for (int again = 0; again < 3; ++again) {
            const auto outcome = finished([&] { return near.finish_connect(); });
            EXPECT_TRUE(outcome.is_done()) << outcome.error.message();
        }
        write(near, "there");
        EXPECT_EQ(read_all(far, 5), "there");
        write(far, "back");
        EXPECT_EQ(read_all(near, 4), "back");
    }
}

// A refused connect() is reported by connect() or by finish_connect(), and never as a success.
RULE(tcp, refused) {
    for (const auto kind : both_kinds) {
        std::error_code error;
        auto stream = TcpStream::connect(address_of_closed_port(kind), error);
        EXPECT_EQ(stream.is_open(), !error);
        if (error) {
            EXPECT_EQ(error, std::errc::connection_refused);
            continue;
        }
        const auto outcome = finished([&] { return stream.finish_connect(); });
        EXPECT_TRUE(outcome.has_failed());
        EXPECT_EQ(outcome.error, std::errc::connection_refused) << outcome.error.message();
        EXPECT_EQ(outcome.error.default_error_condition(), std::errc::connection_refused);
        const auto again = stream.finish_connect();
        EXPECT_TRUE(again.has_failed()) << "its error was taken";
    }
}

// finish_connect() returns would_block while the peer has not answered.
RULE(tcp, in_progress) {
#ifdef __linux__
    // Linux does not answer a connection request if the queue is full.
    auto waiting = good([](auto& error) {
        return TcpListener::listen(Address::loopback(Address::Kind::ipv4, 0), {.backlog = 0}, error);
    });
    auto first = connect(address_of(waiting));
    ASSERT_TRUE(finished([&] { return first.finish_connect(); }).is_done());
    auto second = connect(address_of(waiting));
    std::array<std::byte, 1> buffer{};
    for (int again = 0; again < 3; ++again) {
        const auto outcome = second.finish_connect();
        EXPECT_TRUE(outcome.would_block());
        EXPECT_FALSE(outcome.error);
        EXPECT_TRUE(second.write(buffer).would_block());
    }
    EXPECT_EQ(error_of([&](auto& error) { return second.peer_address(error); }), std::errc::not_connected);
    accept(waiting); // now there is room, and the request is repeated after a second
    EXPECT_TRUE(finished([&] { return second.finish_connect(); }).is_done());
#else
    // Other systems have no address that never answers, so the connection is only completed.
    auto waiting = listener(Address::Kind::ipv4);
    auto stream = connect(address_of(waiting));
    const auto outcome = stream.finish_connect();
    EXPECT_FALSE(outcome.has_failed()) << outcome.error.message();
    EXPECT_TRUE(finished([&] { return stream.finish_connect(); }).is_done());
#endif
}

// set_nodelay() switches TCP_NODELAY off, on and off again, as the system reports it.
RULE(tcp, nodelay) {
    for (const auto kind : both_kinds) {
        auto waiting = listener(kind);
        auto near = connect(address_of(waiting));
        auto far = accept(waiting);
        EXPECT_TRUE(finished([&] { return near.finish_connect(); }).is_done());
        for (auto* stream : {&near, &far}) {
            EXPECT_FALSE(good([&](auto& error) { return stream->nodelay(error); }));
            EXPECT_FALSE(stream->set_nodelay(true));
            EXPECT_TRUE(good([&](auto& error) { return stream->nodelay(error); }));
            EXPECT_FALSE(stream->set_nodelay(false));
            EXPECT_FALSE(good([&](auto& error) { return stream->nodelay(error); }));
        }
    }
}

// Each connection is accepted once, with the address that the connecting socket reports as its own.
RULE(listener, accepts) {
    for (const auto kind : both_kinds) {
        auto waiting = listener(kind);
        const auto at = address_of(waiting);
        EXPECT_EQ(at.with_port(0), Address::loopback(kind, 0));
        EXPECT_NE(at.port(), 0);
        std::vector<TcpStream> streams;
        std::vector<Address> expected, seen;
        for (int i = 0; i < 5; ++i) {
            streams.push_back(connect(at));
            EXPECT_TRUE(finished([&] { return streams.back().finish_connect(); }).is_done());
            expected.push_back(address_of(streams.back()));
            EXPECT_EQ(good([&](auto& error) { return streams.back().peer_address(error); }), at);
        }
        for (int i = 0; i < 5; ++i) {
            const auto accepted = finished([&] { return waiting.accept(); });
            ASSERT_TRUE(accepted.is_done()) << accepted.error.message();
            seen.push_back(accepted.peer);
            EXPECT_EQ(good([&](auto& error) { return accepted.stream.peer_address(error); }), accepted.peer);
            EXPECT_EQ(address_of(accepted.stream), at);
        }
        EXPECT_EQ(seen, expected);
        EXPECT_TRUE(waiting.accept().would_block());
    }
}

// accept() without a queued connection returns would_block and no error.
RULE(listener, would_block) {
    for (const auto kind : both_kinds) {
        auto waiting = listener(kind);
        const auto accepted = waiting.accept();
        EXPECT_EQ(accepted.progress, Progress::would_block);
        EXPECT_FALSE(accepted.error);
        EXPECT_FALSE(accepted.stream.is_open());
        EXPECT_EQ(accepted.peer, Address());
    }
}

std::error_code listening_fails(const Address& at, const ListenOptions& options = {}) {
    std::error_code error;
    EXPECT_FALSE(TcpListener::listen(at, options, error).is_open());
    return error;
}

// Listening fails at an address in use, at an address of another machine, and with a negative backlog; it succeeds at
// once after a connection was closed.
RULE(listener, in_use) {
    for (const auto kind : both_kinds) {
        auto waiting = listener(kind);
        EXPECT_EQ(listening_fails(address_of(waiting)), std::errc::address_in_use);
        EXPECT_EQ(listening_fails(address_of(waiting), {.reuse_address = false}), std::errc::address_in_use);
    }
    EXPECT_EQ(listening_fails(Address(Address::Ipv4{192, 0, 2, 1}, 0)),
              std::errc::address_not_available); // RFC 5737: an address of no machine
    EXPECT_EQ(listening_fails(Address(), {.backlog = -1}), std::errc::invalid_argument);
#ifndef _WIN32
    auto waiting = listener(Address::Kind::ipv4);
    const auto at = address_of(waiting);
    auto near = connect(at);
    accept(waiting).close(); // the end that closes first keeps the address
    EXPECT_EQ(read(near), "");
    near.close();
    waiting.close();
    EXPECT_EQ(listening_fails(at, {.reuse_address = false}), std::errc::address_in_use);
    waiting = good([&](auto& error) { return TcpListener::listen(at, error); });
    EXPECT_EQ(address_of(waiting), at);
#endif
}

// Two listeners share an address if both set reuse_port; a system without SO_REUSEPORT refuses that option.
RULE(listener, reuse_port) {
    for (const auto kind : both_kinds) {
        const ListenOptions options{.reuse_port = true};
#ifdef _WIN32
        EXPECT_EQ(listening_fails(Address::loopback(kind, 0), options), std::errc::operation_not_supported);
#else
        const auto first =
            good([&](auto& error) { return TcpListener::listen(Address::loopback(kind, 0), options, error); });
        const auto second = good([&](auto& error) { return TcpListener::listen(address_of(first), options, error); });
        EXPECT_EQ(address_of(first), address_of(second));
        EXPECT_EQ(listening_fails(address_of(first)), std::errc::address_in_use);
#endif
    }
}

// A listener at :: accepts IPv4 only if `only_ipv6` is false, and then returns the peer as an IPv4-mapped address.
RULE(listener, only_ipv6) {
    const auto any = Address::any(Address::Kind::ipv6, 0);
    auto both = good([&](auto& error) { return TcpListener::listen(any, {.only_ipv6 = false}, error); });
    auto near = connect(Address::loopback(Address::Kind::ipv4, address_of(both).port()));
    const auto accepted = finished([&] { return both.accept(); });
    ASSERT_TRUE(accepted.is_done()) << accepted.error.message();
    EXPECT_EQ(accepted.peer,
              Address(Address::Ipv6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, address_of(near).port()));

    auto only = good([&](auto& error) { return TcpListener::listen(any, error); });
    std::error_code error;
    auto refused = TcpStream::connect(Address::loopback(Address::Kind::ipv4, address_of(only).port()), error);
    if (!error) error = finished([&] { return refused.finish_connect(); }).error;
    EXPECT_EQ(error, std::errc::connection_refused);
    EXPECT_TRUE(only.accept().would_block());
}

// Errors of a single connection are distinguished from errors of the listener.
RULE(listener, transient) {
    using enum std::errc;
    for (const auto error : {connection_aborted, connection_reset, network_down, protocol_error, no_protocol_option,
                             host_unreachable, operation_not_supported, network_unreachable, operation_not_permitted})
        EXPECT_TRUE(TcpListener::is_transient(make_error_code(error))) << make_error_code(error).message();
    for (const auto error : {too_many_files_open, too_many_files_open_in_system, no_buffer_space, not_enough_memory,
                             bad_file_descriptor, invalid_argument, not_a_socket})
        EXPECT_FALSE(TcpListener::is_transient(make_error_code(error))) << make_error_code(error).message();
    EXPECT_FALSE(TcpListener::is_transient({}));
#ifdef __linux__
    for (const auto code : {EHOSTDOWN, ENONET, ECONNABORTED, EPROTO})
        EXPECT_TRUE(TcpListener::is_transient({code, std::system_category()})) << code;
#endif
}

// accept() fails without a free descriptor, and the connection stays queued until one is free.
RULE(listener, no_descriptor) {
#ifndef _WIN32 // Windows has no limit
    auto waiting = listener(Address::Kind::ipv4);
    auto near = connect(address_of(waiting));
    EXPECT_TRUE(finished([&] { return near.finish_connect(); }).is_done());
    {
        const conformance::DescriptorLimit limit(0);
        const auto expect_no_room = [](std::error_code error) {
            EXPECT_EQ(error, std::errc::too_many_files_open);
            EXPECT_FALSE(TcpListener::is_transient(error));
        };
        for (int again = 0; again < 3; ++again) expect_no_room(finished([&] { return waiting.accept(); }).error);
        expect_no_room(error_of([&](auto& error) { return TcpStream::connect(address_of(waiting), error); }));
        expect_no_room(listening_fails(Address()));
    }
    auto far = accept(waiting);
    write(near, "waited");
    EXPECT_EQ(read_all(far, 6), "waited");
#endif
}

} // namespace
} // namespace pollux::net::tests
