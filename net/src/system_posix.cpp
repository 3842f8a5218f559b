// SPDX-License-Identifier: BSL-1.0
#include "socket.hpp"
#include "uninterrupted.hpp"

#include <pollux/posix.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace pollux::net::system {

namespace {

// SIGPIPE is switched off for each socket where the system has an option for that, and for each call elsewhere.
#ifdef SO_NOSIGPIPE
constexpr int no_signal = 0;
#else
constexpr int no_signal = MSG_NOSIGNAL;
#endif

std::error_code add_flag(Source source, int get, int set, int flag) noexcept {
    const int flags = fcntl(source, get);
    if (flags == -1) return last_error();
    return (flags & flag) != 0 ? std::error_code() : error_after(fcntl(source, set, flags | flag));
}

std::error_code silence([[maybe_unused]] Source socket) noexcept {
#ifdef SO_NOSIGPIPE
    return set_option(socket, SOL_SOCKET, SO_NOSIGPIPE, 1);
#else
    return {};
#endif
}

/// Sets what socket() and accept() could not set on this system.
std::error_code finish(Source socket) noexcept {
#ifdef SOCK_CLOEXEC
    return silence(socket);
#else
    return prepare_socket(socket);
#endif
}

/// Follows a call that made two descriptors, or failed.
std::error_code finish_both(int result, Source (&ends)[2], [[maybe_unused]] Blocking blocking) noexcept {
    auto error = error_after(result);
    if (error) return error;
    for (auto& end : ends) {
        end = posix::above_standard_streams(end);
        if (end == OwnedSource::none && !error) error = last_error();
    }
#ifndef SOCK_CLOEXEC
    for (const auto end : ends) {
        if (!error) error = blocking == Blocking::no ? prepare(end) : add_flag(end, F_GETFD, F_SETFD, FD_CLOEXEC);
    }
#endif
    return error;
}

std::error_code close_both(Source (&ends)[2], const std::error_code& error) noexcept {
    for (auto& end : ends) {
        if (end != OwnedSource::none) close(std::exchange(end, OwnedSource::none));
    }
    return error;
}

Transfer transferred(ssize_t result) noexcept {
    if (result == -1) return {last_result(), 0};
    return {{}, static_cast<std::size_t>(result)};
}

msghdr message(std::span<Slice> slices) noexcept {
    msghdr made{};
    made.msg_iov = slices.data();
    made.msg_iovlen = static_cast<decltype(made.msg_iovlen)>(slices.size());
    return made;
}

} // namespace

Slice slice(std::byte* bytes, std::size_t size) noexcept { return {bytes, size}; }

std::error_code last_error() noexcept { return error_of(errno); }

std::error_code error_of(int code) noexcept { return {code, std::system_category()}; }

IoResult last_result() noexcept {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Progress::would_block, {}};
    return IoResult::failure(last_error());
}

Source open(int family, int type, std::error_code& error) noexcept {
#ifdef SOCK_CLOEXEC
    const auto made = posix::above_standard_streams(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
#else
    const auto made = posix::above_standard_streams(::socket(family, type, 0));
#endif
    error = made == -1 ? last_error() : finish(made);
    if (!error || made == -1) return made;
    close(made);
    return OwnedSource::none;
}

Source accept(Source listener, SocketAddress& peer, IoResult& result) noexcept {
    const auto made = posix::above_standard_streams(uninterrupted([&] {
#ifdef SOCK_CLOEXEC
        return ::accept4(listener, peer.data(), &peer.length(), SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
        return ::accept(listener, peer.data(), &peer.length());
#endif
    }));
    result = made == -1 ? last_result() : IoResult();
    if (made == -1) return made;
    if (auto error = finish(made)) {
        // macOS, if the connection was reset already: setsockopt(2), EINVAL, "the socket has been shut down".
        if (error == std::errc::invalid_argument) error = make_error_code(std::errc::connection_aborted);
        result = IoResult::failure(error);
        close(made);
        return OwnedSource::none;
    }
    return made;
}

std::error_code prepare(Source source) noexcept {
    auto error = add_flag(source, F_GETFD, F_SETFD, FD_CLOEXEC);
    if (!error) error = add_flag(source, F_GETFL, F_SETFL, O_NONBLOCK);
    return error;
}

std::error_code prepare_socket(Source socket) noexcept {
    const auto error = prepare(socket);
    return error ? error : silence(socket);
}

std::error_code open_pair(Source (&ends)[2], Blocking blocking) noexcept {
    ends[0] = ends[1] = OwnedSource::none;
#ifdef SOCK_CLOEXEC
    const int type = SOCK_STREAM | SOCK_CLOEXEC | (blocking == Blocking::no ? SOCK_NONBLOCK : 0);
#else
    const int type = SOCK_STREAM;
#endif
    auto error = finish_both(::socketpair(AF_UNIX, type, 0, ends), ends, blocking);
    for (const auto end : ends) {
        if (!error && blocking == Blocking::no) error = silence(end);
    }
    return error ? close_both(ends, error) : error;
}

std::error_code open_pipe(Source (&ends)[2], Blocking blocking) noexcept {
    ends[0] = ends[1] = OwnedSource::none;
#ifdef SOCK_CLOEXEC // then there is pipe2(), too
    const int result = ::pipe2(ends, O_CLOEXEC | (blocking == Blocking::no ? O_NONBLOCK : 0));
#else
    const int result = ::pipe(ends);
#endif
    const auto error = finish_both(result, ends, blocking);
    return error ? close_both(ends, error) : error;
}

// Not repeated after EINTR: Linux and others have closed the descriptor, and another thread may have reused it, see
// close(2).
void close(Source source) noexcept { ::close(source); }

std::error_code connect(Source socket, const SocketAddress& to) noexcept {
    if (::connect(socket, to.data(), to.length()) == 0) return {};
    // A connect() that a signal interrupts continues asynchronously, see connect() of POSIX.
    return errno == EINPROGRESS || errno == EINTR ? std::error_code() : last_error();
}

Connecting connecting_state(Source socket, std::error_code& error) noexcept {
    pollfd polled{socket, POLLOUT, 0};
    const int ready = posix::poll_now({&polled, 1});
    error = error_after(std::min(ready, 0));
    if (ready == 0) return Connecting::under_way;
    // Linux reports POLLHUP without POLLERR for a socket that was never connected, see poll(2).
    return (polled.revents & (POLLHUP | POLLERR)) == POLLHUP ? Connecting::idle : Connecting::over;
}

SocketKind kind_of(Source socket, std::error_code& error) noexcept {
    SocketKind kind{};
    kind.type = option(socket, SOL_SOCKET, SO_TYPE, error);
    if (error) return {};
#ifdef SO_DOMAIN
    kind.family = option(socket, SOL_SOCKET, SO_DOMAIN, error);
#else
    kind.family = local_address(socket, error).family();
#endif
#ifdef SO_PROTOCOL
    if (!error) kind.protocol = option(socket, SOL_SOCKET, SO_PROTOCOL, error);
#endif
    return kind;
}

std::error_code set_reuse(Source socket, bool address, bool port) noexcept {
    std::error_code error;
    if (address) error = set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error || !port) return error;
#ifdef SO_REUSEPORT
    return set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1);
#else
    return make_error_code(std::errc::operation_not_supported);
#endif
}

// One buffer takes recv() and send(), which do less than recvmsg() and sendmsg().

Transfer read(Source socket, std::span<Slice> slices) noexcept {
    auto result = transferred(uninterrupted([&] {
        if (slices.size() == 1) return ::recv(socket, slices[0].iov_base, slices[0].iov_len, 0);
        auto header = message(slices);
        return ::recvmsg(socket, &header, 0);
    }));
    if (result.is_done() && result.count == 0) result.progress = Progress::ended;
    return result;
}

Transfer write(Source socket, std::span<Slice> slices) noexcept {
    return transferred(uninterrupted([&] {
        if (slices.size() == 1) return ::send(socket, slices[0].iov_base, slices[0].iov_len, no_signal);
        auto header = message(slices);
        return ::sendmsg(socket, &header, no_signal);
    }));
}

Datagram receive(Source socket, Slice slice, SocketAddress* from) noexcept {
    msghdr header{};
    const auto result = uninterrupted([&] {
        header = message({&slice, 1});
        if (from) {
            header.msg_name = from->data();
            header.msg_namelen = from->length();
        }
        return ::recvmsg(socket, &header, 0);
    });
    return {transferred(result), result != -1 && (header.msg_flags & MSG_TRUNC) != 0};
}

Transfer send(Source socket, Slice slice, const SocketAddress* to) noexcept {
    return transferred(uninterrupted([&] {
        return ::sendto(socket, slice.iov_base, slice.iov_len, no_signal, to ? to->data() : nullptr,
                        to ? to->length() : 0);
    }));
}

void report_refusals(Source, bool) noexcept {}

} // namespace pollux::net::system
