// SPDX-License-Identifier: BSL-1.0
#include "workload.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

namespace pollux::failing_calls {

Connections::Connections() {
    for (auto& pair : ends_) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) == -1) {
            std::perror("socketpair, of the workload");
            std::abort();
        }
    }
}

Connections::~Connections() {
    for (const auto& pair : ends_) {
        for (const int end : pair) close(end);
    }
}

// By sendmsg(2) and recvmsg(2), which the libraries do not call here, so that they are not supervised.
void Connections::send(std::size_t index) const {
    char byte = 'x';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    while (sendmsg(ends_[index][1], &message, MSG_NOSIGNAL) == -1 && errno == EINTR) {}
}

std::size_t Connections::receive(std::size_t index) const {
    std::array<char, 16> bytes;
    std::size_t received = 0;
    for (;;) {
        iovec part{bytes.data(), bytes.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        const auto result = recvmsg(near(index), &message, 0);
        if (result > 0) received += static_cast<std::size_t>(result);
        if (result == 0 || (result == -1 && errno != EINTR)) return received;
    }
}

void Reports::add(const char* step, const std::error_code& error) {
    const char* const name = strerrorname_np(error.value());
    if (error) add(step, name ? name : "an error of its own category");
}

void Reports::add(const char* step, const char* words) {
    if (!any_.exchange(true) && prints) std::fprintf(stderr, "  reported by %s: %s\n", step, words);
}

std::size_t count_descriptors() {
    std::size_t open = 0;
    for (int fd = 0; fd < 1024; ++fd) open += lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF;
    return open;
}

} // namespace pollux::failing_calls
