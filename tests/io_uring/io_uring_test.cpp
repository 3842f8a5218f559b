// SPDX-License-Identifier: BSL-1.0
#include "io_uring_test.hpp"

#include <cerrno>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pollux::io_uring_tests {

void Descriptor::close() {
    if (number_ != -1) ::close(std::exchange(number_, -1));
}

Pair::Pair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == -1)
        throw std::runtime_error("socketpair failed");
    near = Descriptor(ends[0]);
    far = Descriptor(ends[1]);
}

void write_byte(int descriptor) {
    if (write(descriptor, "x", 1) != 1) throw std::runtime_error("write failed");
}

void drain(int descriptor) {
    std::array<char, 4096> bytes{};
    while (read(descriptor, bytes.data(), bytes.size()) > 0) {}
}

bool has_ended(int far) {
    pollfd source{far, POLLIN | POLLRDHUP, 0};
    return poll(&source, 1, 0) == 1 && (source.revents & POLLHUP) != 0;
}

std::size_t raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

std::vector<Event> select_once(Selector& selector, Timeout timeout, std::error_code& error) {
    std::array<Event, 64> buffer{};
    const auto events = selector.select(buffer, timeout, error);
    return {events.begin(), events.end()};
}

std::set<Token> collect(Selector& selector, std::size_t wanted, std::chrono::nanoseconds quiet) {
    std::set<Token> tokens;
    while (tokens.size() < wanted) {
        std::error_code error;
        const auto events = select_once(selector, quiet, error);
        if (error) throw std::system_error(error, "select");
        if (events.empty()) break;
        for (const auto& event : events) tokens.insert(event.token);
    }
    return tokens;
}

} // namespace pollux::io_uring_tests
