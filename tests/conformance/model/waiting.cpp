// SPDX-License-Identifier: BSL-1.0
#include "waiting.hpp"

#include <pollux/time/deadline.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace pollux::conformance::model {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 5s;

int demand(int result, const char* call) {
    if (result == -1) throw std::system_error(errno, std::system_category(), call);
    return result;
}

/// Waits for what the kernel does a moment later, without an event for it.
template <class Is>
bool await_that(Is is) {
    if (is()) return true;
    const time::Deadline deadline(patience);
    for (int tries = 1; !is(); ++tries) {
        if (deadline.left() == 0ns) return false;
        if (tries < 100)
            std::this_thread::yield();
        else
            std::this_thread::sleep_for(100us);
    }
    return true;
}

} // namespace

bool await(Source source, short events) {
    pollfd watched{source, events, 0};
    return ::poll(&watched, 1, std::chrono::milliseconds(patience).count()) == 1;
}

bool await_connections(Source listener, std::size_t count) {
    return await_that([=] {
        tcp_info info{};
        socklen_t size = sizeof info;
        demand(getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size), "getsockopt(TCP_INFO)");
        return info.tcpi_unacked == count; // that many are queued
    });
}

bool await_bytes(Source source, std::size_t count, bool is_terminal) {
    return await_that([=] {
        int bytes = 0;
        if (is_terminal) {
            demand(ioctl(source, FIONREAD, &bytes), "ioctl(FIONREAD)");
        } else { // FIONREAD stops at a byte out of band
            std::array<char, 64> peeked;
            bytes = static_cast<int>(::recv(source, peeked.data(), peeked.size(), MSG_PEEK));
        }
        return bytes >= 0 && static_cast<std::size_t>(bytes) == count;
    });
}

} // namespace pollux::conformance::model
