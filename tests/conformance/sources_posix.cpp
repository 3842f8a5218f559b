// SPDX-License-Identifier: BSL-1.0
#include "sources.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pollux::conformance {
namespace {

int demand(int result, const char* call) {
    if (result == -1) throw std::system_error(errno, std::generic_category(), call);
    return result;
}

void prepare(int descriptor) {
    demand(fcntl(descriptor, F_SETFL, O_NONBLOCK), "fcntl(O_NONBLOCK)");
    demand(fcntl(descriptor, F_SETFD, FD_CLOEXEC), "fcntl(FD_CLOEXEC)");
}

Owned internet_socket(int type) {
    Owned made(demand(::socket(AF_INET, type, 0), "socket"));
    prepare(made);
    return made;
}

sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

void bind_to_loopback(Source socket) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    demand(::bind(socket, generic(address), sizeof address), "bind");
}

sockaddr_in address_of(Source socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    demand(::getsockname(socket, generic(address), &size), "getsockname");
    return address;
}

void begin_connect(Source socket, sockaddr_in to) {
    if (::connect(socket, generic(to), sizeof to) == -1 && errno != EINPROGRESS) demand(-1, "connect");
}

/// Returns the address of a closed port: that of a socket that was bound and closed.
sockaddr_in address_of_closed_port(int type) {
    const auto socket = internet_socket(type);
    bind_to_loopback(socket);
    return address_of(socket);
}

Pair tcp_pair() {
    const auto waiting = listener();
    Pair pair{connect_to(waiting), Owned()};
    pollfd watched{waiting, POLLIN, 0};
    demand(::poll(&watched, 1, 5000), "poll");
    std::error_code error;
    pair.far = accept(waiting, error);
    if (error) throw std::system_error(error, "accept");
    const int on = 1;
    for (const Source end : {pair.near.get(), pair.far.get()})
        demand(setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt(TCP_NODELAY)");
    return pair;
}

IoResult io_result_of(ssize_t result) {
    if (result == -1) return {0, std::error_code(errno, std::generic_category())};
    return {static_cast<std::size_t>(result), {}};
}

} // namespace

void Owned::close() noexcept {
    if (source_ != none) ::close(std::exchange(source_, none));
}

const char* name_of(Kind kind) noexcept {
    return kind == Kind::tcp ? "TCP socket" : kind == Kind::local ? "local socket" : "pipe";
}

Pair make_pair(Kind kind) {
    if (kind == Kind::tcp) return tcp_pair();
    std::array<int, 2> ends{};
    if (kind == Kind::local) {
        demand(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), "socketpair");
    } else {
        demand(::pipe(ends.data()), "pipe");
    }
    Pair pair{Owned(ends[0]), Owned(ends[1])};
    prepare(pair.near);
    prepare(pair.far);
    return pair;
}

Owned open_file() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
    return Owned(demand(file ? ::dup(fileno(file.get())) : -1, "tmpfile"));
}

Owned open_directory() { return Owned(demand(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open(O_DIRECTORY)")); }

Owned duplicate(Source source) { return Owned(demand(::dup(source), "dup")); }

IoResult write(Source source, const std::string& bytes) {
    return io_result_of(::write(source, bytes.data(), bytes.size()));
}

IoResult read(Source source, std::size_t most) {
    std::string bytes(most, '\0');
    return io_result_of(::read(source, bytes.data(), most));
}

std::size_t drain(Source source) {
    std::size_t total = 0;
    for (;;) {
        const auto [bytes, error] = read(source);
        if (error || bytes == 0) return total;
        total += bytes;
    }
}

std::size_t fill(Source source) {
    const std::string block(65536, 'f');
    std::size_t total = 0;
    // Single bytes fit where a whole block does not. But TCP may have room for whole blocks a moment later, and takes
    // most of a minute to report room for single bytes.
    for (std::size_t size = block.size(); size > 0;) {
        const auto [bytes, error] = write(source, block.substr(0, size));
        total += bytes;
        size = error ? size / 2 : block.size();
    }
    return total;
}

bool wait_for_data(Source source) {
    pollfd watched{source, POLLIN, 0};
    return ::poll(&watched, 1, 5000) == 1;
}

void send_datagram(Source source, const std::string& bytes) {
    demand(static_cast<int>(::send(source, bytes.data(), bytes.size(), 0)), "send");
}

void shut_down_writing(Source source) { demand(::shutdown(source, SHUT_WR), "shutdown"); }

void reset(Owned& source) {
    const linger at_once{1, 0};
    demand(setsockopt(source, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "setsockopt(SO_LINGER)");
    source.close();
}

void write_urgent(Source source) { demand(static_cast<int>(::send(source, "!", 1, MSG_OOB)), "send(MSG_OOB)"); }

std::error_code take_error(Source socket) {
    int error = 0;
    socklen_t size = sizeof error;
    demand(getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size), "getsockopt(SO_ERROR)");
    return {error, std::generic_category()};
}

Owned udp_socket(Source connected_to) {
    auto made = internet_socket(SOCK_DGRAM);
    bind_to_loopback(made);
    if (connected_to != Owned::none) begin_connect(made, address_of(connected_to));
    return made;
}

Owned udp_socket_to_closed_port() {
    auto made = internet_socket(SOCK_DGRAM);
    begin_connect(made, address_of_closed_port(SOCK_DGRAM));
    return made;
}

Owned unconnected_tcp_socket() { return internet_socket(SOCK_STREAM); }

Owned listener(int backlog) {
    auto made = internet_socket(SOCK_STREAM);
    bind_to_loopback(made);
    demand(::listen(made, backlog), "listen");
    return made;
}

Owned connect_to(Source listener) {
    auto made = internet_socket(SOCK_STREAM);
    begin_connect(made, address_of(listener));
    return made;
}

Owned connect_to_closed_port() {
    const auto closed = address_of_closed_port(SOCK_STREAM);
    auto made = internet_socket(SOCK_STREAM);
    begin_connect(made, closed);
    return made;
}

Owned accept(Source listener, std::error_code& error) {
    Owned made(::accept(listener, nullptr, nullptr));
    error = made == Owned::none ? std::error_code(errno, std::generic_category()) : std::error_code();
    if (!error) prepare(made);
    return made;
}

Owned renumber(Owned source, Source number) {
    if (source == number) return source;
    Owned moved(demand(::dup2(source, number), "dup2"));
    prepare(moved);
    return moved;
}

void set_blocking(Source source, bool blocking) {
    demand(fcntl(source, F_SETFL, blocking ? 0 : O_NONBLOCK), "fcntl(F_SETFL)");
}

std::string flags_of(Source source) {
    return std::to_string(fcntl(source, F_GETFL)) + "/" + std::to_string(fcntl(source, F_GETFD)) + "/" +
           std::to_string(fcntl(source, F_GETOWN));
}

bool wait_for_hang_up(Source source) {
#ifdef POLLRDHUP
    // POLLHUP is reported after the ends of both directions only, a peer's close() ends one.
    pollfd watched{source, POLLRDHUP, 0};
#else
    pollfd watched{source, 0, 0};
#endif
    return ::poll(&watched, 1, 5000) == 1;
}

bool is_connecting(Source source) {
    pollfd watched{source, POLLOUT, 0};
    return ::poll(&watched, 1, 0) == 0;
}

} // namespace pollux::conformance
