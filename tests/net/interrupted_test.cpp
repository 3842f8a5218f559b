// SPDX-License-Identifier: BSL-1.0
// Linux only: system calls are replaced by functions that first fail with errors of signals or of the network.
#include "net_test.hpp"

#include "../harness/next_function.hpp"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace {

/// The error of the next calls, and how many of them fail.
thread_local int failure = 0, failures = 0;

bool fails() {
    if (failures == 0) return false;
    --failures;
    errno = failure;
    return true;
}

using pollux::harness::next_function;

} // namespace

// The names and types are those of the system.
// NOLINTBEGIN(readability-redundant-declaration)
extern "C" {
ssize_t recv(int socket, void* bytes, size_t size, int flags) {
    return fails() ? -1 : next_function(&recv, "recv")(socket, bytes, size, flags);
}
ssize_t send(int socket, const void* bytes, size_t size, int flags) {
    return fails() ? -1 : next_function(&send, "send")(socket, bytes, size, flags);
}
ssize_t recvmsg(int socket, msghdr* header, int flags) {
    return fails() ? -1 : next_function(&recvmsg, "recvmsg")(socket, header, flags);
}
ssize_t sendmsg(int socket, const msghdr* header, int flags) {
    return fails() ? -1 : next_function(&sendmsg, "sendmsg")(socket, header, flags);
}
ssize_t sendto(int socket, const void* bytes, size_t size, int flags, const sockaddr* to, socklen_t length) {
    return fails() ? -1 : next_function(&sendto, "sendto")(socket, bytes, size, flags, to, length);
}
ssize_t readv(int source, const iovec* slices, int count) {
    return fails() ? -1 : next_function(&readv, "readv")(source, slices, count);
}
ssize_t writev(int source, const iovec* slices, int count) {
    return fails() ? -1 : next_function(&writev, "writev")(source, slices, count);
}
int accept4(int socket, sockaddr* peer, socklen_t* length, int flags) {
    return fails() ? -1 : next_function(&accept4, "accept4")(socket, peer, length, flags);
}
int connect(int socket, const sockaddr* to, socklen_t length) {
    // An interrupted connect() continues in the background, unlike the other calls.
    if (!fails()) return next_function(&connect, "connect")(socket, to, length);
    next_function(&connect, "connect")(socket, to, length);
    errno = failure;
    return -1;
}
}
// NOLINTEND(readability-redundant-declaration)

namespace pollux::net::tests {
namespace {

void interrupt(int times) {
    failure = EINTR;
    failures = times;
}

void fail_once(int error) {
    failure = error;
    failures = 1;
}

// A call that a signal interrupts continues with the same result; a connect() continues in the background.
RULE(stream, interrupted) {
    with_streams([](auto& near, auto& far) {
        interrupt(3);
        write(near, "one");
        EXPECT_EQ(failures, 0) << "the call was not replaced";
        interrupt(3);
        EXPECT_EQ(read_all(far, 3), "one");
        const std::array<ConstBuffer, 2> words{bytes("two"), bytes("three")};
        interrupt(3);
        EXPECT_EQ(near.write(words).count, 8U);
        std::string first(4, '\0'), second(4, '\0');
        const std::array<Buffer, 2> rooms{room(first), room(second)};
        interrupt(3);
        EXPECT_EQ(finished([&] { return far.read(rooms); }).count, 8U);
        EXPECT_EQ(first + second, "twothree");
        EXPECT_EQ(failures, 0);
    });
    for (const auto kind : both_kinds) {
        auto waiting = listener(kind);
        interrupt(1);
        auto near = connect(address_of(waiting));
        EXPECT_EQ(failures, 0);
        interrupt(3);
        EXPECT_TRUE(accept(waiting).is_open());
        EXPECT_EQ(failures, 0);
        EXPECT_TRUE(finished([&] { return near.finish_connect(); }).is_done());
    }
}

TEST(Interrupted, datagrams_and_pipes_continue) {
    auto near = udp_socket(Address::Kind::ipv4), far = udp_socket(Address::Kind::ipv4);
    interrupt(3);
    EXPECT_TRUE(near.send_to(bytes("one"), address_of(far)).is_done());
    std::string text(8, '\0');
    interrupt(3);
    const auto received = finished([&] { return far.receive_from(room(text)); });
    EXPECT_EQ(received.count, 3U);
    EXPECT_EQ(received.from, address_of(near));
    auto [reader, writer] = good([](auto& error) { return Pipe::open(error); });
    interrupt(3);
    write(writer, "one");
    interrupt(3);
    EXPECT_EQ(read(reader), "one");
    EXPECT_EQ(failures, 0);
}

TEST(Failing, accept_returns_the_error_and_continues_with_the_next) {
    auto waiting = listener(Address::Kind::ipv4);
    auto near = connect(address_of(waiting));
    for (const auto error : {ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EPERM}) {
        fail_once(error);
        const auto accepted = waiting.accept();
        EXPECT_EQ(accepted.error, std::error_code(error, std::system_category()));
        EXPECT_TRUE(TcpListener::is_transient(accepted.error));
        EXPECT_FALSE(accepted.stream.is_open());
    }
    EXPECT_TRUE(accept(waiting).is_open());
}

TEST(Failing, connect_leaves_nothing_open) {
    const auto to = address_of_closed_port(Address::Kind::ipv4);
    for (const auto error : {ENETUNREACH, EADDRNOTAVAIL, EAGAIN, ECONNREFUSED}) {
        fail_once(error);
        std::error_code seen;
        EXPECT_FALSE(TcpStream::connect(to, seen).is_open());
        EXPECT_EQ(seen, std::error_code(error, std::system_category()));
    }
}

} // namespace
} // namespace pollux::net::tests
