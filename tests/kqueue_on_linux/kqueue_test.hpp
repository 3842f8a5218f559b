// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/event.h>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/// A kqueue, and the calls of the tests. Each test names the source of its expectations: a manual page, or the source
/// of a kernel. kqueue(2) is that of FreeBSD unless another system is named.
class Kqueue : public testing::Test {
  protected:
    Kqueue() {
        EXPECT_NE(kq_, -1);
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair_.data()), 0);
        EXPECT_EQ(pipe2(pipe_.data(), O_NONBLOCK | O_CLOEXEC), 0);
    }
    ~Kqueue() override {
        for (const int descriptor : {kq_, pair_[0], pair_[1], pipe_[0], pipe_[1]}) close(descriptor);
    }

    using FilterNumber = decltype(kevent::filter);

    static struct kevent make(int ident, FilterNumber filter, unsigned flags, unsigned fflags = 0,
                              std::uintptr_t name = 0) {
        struct kevent made {};
        made.ident = static_cast<std::uintptr_t>(ident);
        made.filter = filter;
        made.flags = static_cast<decltype(made.flags)>(flags);
        made.fflags = fflags;
        made.udata = reinterpret_cast<void*>(name);
        return made;
    }

    /// Makes one change with a receipt, and returns 0 or its error.
    int change(struct kevent wanted) {
        wanted.flags |= EV_RECEIPT;
        struct kevent receipt {};
        EXPECT_EQ(kevent(kq_, &wanted, 1, &receipt, 1, &now), 1);
        EXPECT_TRUE(receipt.flags & EV_ERROR);
        return static_cast<int>(receipt.data);
    }

    std::vector<struct kevent> wait(const timespec* timeout, int room = 16) {
        std::vector<struct kevent> events(static_cast<std::size_t>(room));
#ifdef KQUEUE_LAYOUT_NETBSD
        const int count = kevent(kq_, nullptr, 0, events.data(), events.size(), timeout);
#else
        const int count = kevent(kq_, nullptr, 0, events.data(), room, timeout);
#endif
        EXPECT_NE(count, -1) << errno;
        events.resize(static_cast<std::size_t>(std::max(count, 0)));
        return events;
    }
    /// Returns the pending events, without waiting.
    std::vector<struct kevent> pending_events(int room = 16) { return wait(&now, room); }
    /// Waits for the only event.
    struct kevent next() {
        const auto events = wait(&patience, 1);
        EXPECT_EQ(events.size(), 1U);
        return events.empty() ? kevent_of_nothing() : events[0];
    }
    static struct kevent kevent_of_nothing() {
        struct kevent nothing {};
        return nothing;
    }

    void send(int descriptor, const std::string& bytes = "x") {
        EXPECT_EQ(::write(descriptor, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    }
    static void drain(int descriptor) {
        std::array<char, 4096> bytes;
        while (read(descriptor, bytes.data(), bytes.size()) > 0) {}
    }
    static void fill(int descriptor) {
        const std::string block(4096, 'f');
        while (write(descriptor, block.data(), block.size()) > 0) {}
        while (write(descriptor, block.data(), 1) > 0) {}
    }

    /// Two ends of a TCP connection, or, as `listening`, the socket that made it.
    struct Tcp {
        int listening = ::socket(AF_INET, SOCK_STREAM, 0);
        int near = ::socket(AF_INET, SOCK_STREAM, 0);
        int far = -1;
        Tcp() {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            socklen_t size = sizeof address;
            auto* generic = reinterpret_cast<sockaddr*>(&address);
            EXPECT_EQ(bind(listening, generic, size), 0);
            EXPECT_EQ(listen(listening, 4), 0);
            EXPECT_EQ(getsockname(listening, generic, &size), 0);
            EXPECT_EQ(connect(near, generic, size), 0);
        }
        ~Tcp() {
            for (const int descriptor : {listening, near, far}) close(descriptor);
        }
        Tcp(const Tcp&) = delete;
        Tcp& operator=(const Tcp&) = delete;
        void accept() {
            far = ::accept(listening, nullptr, nullptr);
            fcntl(near, F_SETFL, O_NONBLOCK);
            fcntl(far, F_SETFL, O_NONBLOCK);
        }
    };

    static constexpr timespec now{0, 0};
    static constexpr timespec patience{5, 0};
    int kq_ = kqueue();
    std::array<int, 2> pair_{-1, -1};
    std::array<int, 2> pipe_{-1, -1};
};
