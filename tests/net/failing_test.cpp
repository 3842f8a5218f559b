// SPDX-License-Identifier: BSL-1.0
// Linux only: each system call that opens or adopts a source fails once. An error leaves nothing open, and a source
// that was to be adopted is the caller's, as it was.
#include "net_test.hpp"

#include "../conformance/process.hpp"
#include "../harness/next_function.hpp"

#include <cerrno>
#include <cstdarg>
#include <filesystem>
#include <functional>
#include <optional>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

/// The number of calls that still succeed before one fails; -1: none fails.
thread_local int before_failure = -1;

/// What the system reports as the protocol of each socket.
thread_local std::optional<int> reported_protocol;

bool fails_now() {
    if (before_failure < 0 || before_failure-- > 0) return false;
    errno = ENOBUFS;
    return true;
}

using pollux::harness::next_function;

} // namespace

// The names and types are those of the system.
// NOLINTBEGIN(readability-redundant-declaration)
extern "C" {
int socket(int family, int type, int protocol) noexcept {
    return fails_now() ? -1 : next_function(&socket, "socket")(family, type, protocol);
}
int socketpair(int family, int type, int protocol, int* ends) noexcept {
    return fails_now() ? -1 : next_function(&socketpair, "socketpair")(family, type, protocol, ends);
}
int pipe2(int* ends, int flags) noexcept { return fails_now() ? -1 : next_function(&pipe2, "pipe2")(ends, flags); }
int bind(int socket, const sockaddr* at, socklen_t length) noexcept {
    return fails_now() ? -1 : next_function(&bind, "bind")(socket, at, length);
}
int listen(int socket, int backlog) noexcept {
    return fails_now() ? -1 : next_function(&listen, "listen")(socket, backlog);
}
int setsockopt(int socket, int level, int option, const void* value, socklen_t length) noexcept {
    return fails_now() ? -1 : next_function(&setsockopt, "setsockopt")(socket, level, option, value, length);
}
int getsockopt(int socket, int level, int option, void* value, socklen_t* length) noexcept {
    if (fails_now()) return -1;
    const int result = next_function(&getsockopt, "getsockopt")(socket, level, option, value, length);
    if (reported_protocol && level == SOL_SOCKET && option == SO_PROTOCOL)
        *static_cast<int*>(value) = *reported_protocol;
    return result;
}
int fcntl(int source, int command, ...) { // NOLINT(cert-dcl50-cpp)
    va_list list;
    va_start(list, command);
    const int value = va_arg(list, int);
    va_end(list);
    return fails_now() ? -1 : next_function(&fcntl, "fcntl")(source, command, value);
}
}
// NOLINTEND(readability-redundant-declaration)

namespace pollux::net::tests {
namespace {

const std::error_code no_buffers(ENOBUFS, std::system_category());

/// Makes each system call of `make` fail once. `make` returns how many ends are open.
void expect_all_or_nothing_now(const char* name, int ends, const std::function<int(std::error_code&)>& make) {
    SCOPED_TRACE(name);
    const auto before = conformance::open_descriptors();
    for (int index = 0;; ++index) {
        SCOPED_TRACE(index);
        std::error_code error;
        before_failure = index;
        const int open = make(error);
        const bool is_over = std::exchange(before_failure, -1) >= 0;
        EXPECT_EQ(conformance::open_descriptors(), before);
        EXPECT_EQ(error, is_over ? std::error_code() : no_buffers);
        EXPECT_EQ(open, is_over ? ends : 0);
        if (is_over) {
            EXPECT_GT(index, 0) << "no call was replaced";
            return;
        }
        ASSERT_FALSE(testing::Test::HasFailure());
    }
}

/// So does it while no standard stream is open, whose descriptors are avoided by further calls.
void expect_all_or_nothing(const char* name, int ends, const std::function<int(std::error_code&)>& make) {
    expect_all_or_nothing_now(name, ends, make);
    SCOPED_TRACE("without standard input");
    const int input = ::dup(STDIN_FILENO);
    ::close(STDIN_FILENO);
    expect_all_or_nothing_now(name, ends, make);
    ::dup2(input, STDIN_FILENO);
    ::close(input);
}

TEST(Failing, opening_leaves_nothing_open) {
    const auto one = [](const auto& made) { return made.is_open() ? 1 : 0; };
    for (const auto kind : both_kinds) {
        const auto at = Address::loopback(kind, 0);
        expect_all_or_nothing("TcpListener", 1, [&](auto& error) {
            return one(TcpListener::listen(at, {.reuse_port = true, .only_ipv6 = true}, error));
        });
        expect_all_or_nothing("UdpSocket", 1, [&](auto& error) {
            return one(UdpSocket::bind(at, {.reuse_port = true, .only_ipv6 = true}, error));
        });
        const auto waiting = listener(kind);
        const auto to = address_of(waiting);
        expect_all_or_nothing("TcpStream", 1, [&](auto& error) { return one(TcpStream::connect(to, error)); });
    }
    const auto path = std::filesystem::temp_directory_path() / ("pollux-failing-" + std::to_string(getpid()));
    const auto at = good([&](auto& error) { return UnixAddress::path(path.string(), error); });
    expect_all_or_nothing("UnixListener", 1, [&](auto& error) {
        const auto made = UnixListener::listen(at, 1, error);
        std::filesystem::remove(path);
        return one(made);
    });
    const auto two = [](const auto& first, const auto& second) { return first.is_open() + second.is_open(); };
    expect_all_or_nothing("UnixPair", 2, [&](auto& error) {
        const auto [first, second] = UnixStream::pair(error);
        return two(first, second);
    });
    expect_all_or_nothing("UnixChildPair", 2, [&](auto& error) {
        const auto [own, child] = UnixStream::pair_with_child(error);
        return two(own, child);
    });
    expect_all_or_nothing("Pipe", 2, [&](auto& error) {
        const auto [reader, writer] = Pipe::open(error);
        return two(reader, writer);
    });
    expect_all_or_nothing("PipeFromChild", 2, [&](auto& error) {
        const auto [own, child] = PipeFromChild::open(error);
        return two(own, child);
    });
    expect_all_or_nothing("PipeToChild", 2, [&](auto& error) {
        const auto [own, child] = PipeToChild::open(error);
        return two(own, child);
    });
}

/// A source that `open` makes is adopted by Type only without a failure; otherwise the caller still owns it.
template <typename Type>
void expect_adoption(const char* name, const std::function<Source()>& open) {
    expect_all_or_nothing(name, 1, [&](auto& error) {
        const int index = std::exchange(before_failure, -1);
        const auto source = open();
        before_failure = index;
        const auto made = Type::adopt(source, error);
        const int left = std::exchange(before_failure, -1);
        EXPECT_NE(::fcntl(source, F_GETFD), -1) << "it is still open";
        if (error) ::close(source);
        before_failure = left;
        return made.is_open() ? 1 : 0;
    });
}

TEST(Failing, adopt_leaves_the_source_to_the_caller) {
    const auto open = [](int family, int type) { return [=] { return ::socket(family, type, 0); }; };
    const auto listening = [](int family) {
        return [=] {
            const int made = ::socket(family, SOCK_STREAM, 0);
            const sockaddr unnamed{static_cast<sa_family_t>(family), {}};
            if (family == AF_UNIX)
                static_cast<void>(::bind(made, &unnamed, sizeof unnamed.sa_family)); // Linux chooses a name
            ::listen(made, 1);
            return made;
        };
    };
    const auto first_of = [](const auto& make) {
        return [make] {
            int ends[2] = {-1, -1};
            make(ends);
            ::close(ends[1]);
            return ends[0];
        };
    };
    const auto waiting = listener(Address::Kind::ipv4);
    expect_adoption<TcpStream>("TcpStream", [&] { return connect(address_of(waiting)).release(); });
    expect_adoption<TcpListener>("TcpListener", listening(AF_INET));
    expect_adoption<UdpSocket>("UdpSocket", open(AF_INET6, SOCK_DGRAM));
    expect_adoption<UnixListener>("UnixListener", listening(AF_UNIX));
    expect_adoption<UnixStream>("UnixStream", first_of([](int* ends) { ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends); }));
    expect_adoption<PipeReader>("PipeReader", first_of([](int* ends) { ::pipe2(ends, 0); }));
    expect_adoption<PipeWriter>("PipeWriter", first_of([](int* ends) {
                                    ::pipe2(ends, 0);
                                    std::swap(ends[0], ends[1]);
                                }));
}

// The protocols that have the type of TCP or UDP, and other properties: not every system can open such sockets.
TEST(Adopt, refuses_sockets_of_another_protocol_of_the_same_type) {
    const auto adopted = [](const auto& waiting, auto adopt, int type, std::optional<int> reported) {
        auto near = type == SOCK_STREAM ? connect(address_of(waiting)).release() : ::socket(AF_INET, type, 0);
        reported_protocol = reported;
        std::error_code error;
        const auto made = adopt(near, error);
        reported_protocol.reset();
        if (error) ::close(near);
        return error;
    };
    const auto waiting = listener(Address::Kind::ipv4);
    constexpr int mptcp = 262, udp_lite = 136;
    for (const int good : {int{IPPROTO_TCP}, mptcp})
        EXPECT_FALSE(adopted(waiting, TcpStream::adopt, SOCK_STREAM, good));
    for (const int bad : {int{IPPROTO_SCTP}, int{IPPROTO_UDP}, udp_lite})
        EXPECT_EQ(adopted(waiting, TcpStream::adopt, SOCK_STREAM, bad), std::errc::wrong_protocol_type);
    for (const int good : {int{IPPROTO_UDP}, udp_lite})
        EXPECT_FALSE(adopted(waiting, UdpSocket::adopt, SOCK_DGRAM, good));
    for (const int bad : {int{IPPROTO_ICMP}, int{IPPROTO_TCP}, mptcp})
        EXPECT_EQ(adopted(waiting, UdpSocket::adopt, SOCK_DGRAM, bad), std::errc::wrong_protocol_type);
}

} // namespace
} // namespace pollux::net::tests
