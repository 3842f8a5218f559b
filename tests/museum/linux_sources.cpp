// SPDX-License-Identifier: BSL-1.0
// Sources that only Linux has: epoll sets, timers, mounts, and the error queue of a socket.
#include "museum.hpp"

#include <array>
#include <fstream>

#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace pollux::museum {
namespace {

/// A set of epoll(7) with one source.
struct Set {
    Set() {
        epoll_event event{};
        event.events = EPOLLIN;
        EXPECT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, pair.near, &event), 0);
    }
    Pair pair = make_pair(Kind::local);
    Owned epoll{epoll_create1(EPOLL_CLOEXEC)};
};

EXHIBIT(watches_an_epoll_descriptor, "axboe/liburing#468, axboe/liburing#1029",
        "The epoll(7) descriptor of another library is a source: it becomes readable, and the loop is not woken, or "
        "only sometimes.") {
    Visitor visitor(backend);
    for (const auto mode : modes_of(visitor.poll.choice())) {
        const Set set;
        visitor.add(set.epoll, Ready::readable, mode);
        for (int round = 0; round < 20; ++round) {
            EXPECT_FALSE(visitor.poll.poll(visitor.events, 0ns));
            EXPECT_TRUE(visitor.events.empty());
            conformance::write(set.pair.far, "x");
            EXPECT_EQ(visitor.next(), Ready::readable);
            epoll_event event{};
            EXPECT_EQ(epoll_wait(set.epoll, &event, 1, 0), 1);
            conformance::drain(set.pair.near);
            EXPECT_EQ(epoll_wait(set.epoll, &event, 1, 0), 0);
            if (mode == Mode::oneshot) visitor.modify(set.epoll, Ready::readable, mode);
        }
        visitor.remove(set.epoll);
    }
}

EXHIBIT(watches_one_set_in_many_loops, "flux-framework/flux-core#2554",
        "An epoll(7) descriptor is a source of many loops at once: beyond some count the kernel refuses it, and the "
        "loop reports no error.") {
    const Set set;
    std::vector<std::unique_ptr<Visitor>> visitors;
    for (int i = 0; i < 60; ++i) {
        visitors.push_back(std::make_unique<Visitor>(backend));
        visitors.back()->add(set.epoll, Ready::readable);
    }
    conformance::write(set.pair.far, "x");
    for (const auto& visitor : visitors) EXPECT_EQ(visitor->next(), Ready::readable);
}

EXHIBIT(counts_in_event_and_timer_descriptors, "axboe/liburing#851",
        "Counters of the kernel are sources whose data has no length: each arrival has to be one event, although one "
        "read takes all of them.") {
    Visitor visitor(backend);
    for (const auto mode : modes_of(visitor.poll.choice())) {
        const Owned counter(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        const Owned timer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
        visitor.add(counter, Ready::readable, mode, Token{1});
        for (int round = 0; round < 10; ++round) {
            EXPECT_EQ(eventfd_write(counter, 3), 0);
            EXPECT_EQ(visitor.next(Token{1}), Ready::readable);
            eventfd_t value = 0;
            EXPECT_EQ(eventfd_read(counter, &value), 0);
            EXPECT_EQ(value, 3U);
            if (mode == Mode::oneshot) visitor.modify(counter, Ready::readable, mode, Token{1});
            EXPECT_FALSE(visitor.poll.poll(visitor.events, 0ns));
            EXPECT_TRUE(visitor.events.empty());
        }
        visitor.add(timer, Ready::readable, mode, Token{2});
        itimerspec setting{};
        setting.it_value.tv_nsec = 1'000'000;
        EXPECT_EQ(timerfd_settime(timer, 0, &setting, nullptr), 0);
        EXPECT_EQ(visitor.next(Token{2}), Ready::readable);
        visitor.remove(counter);
        visitor.remove(timer);
    }
}

/// Gives the process mounts of its own; false if the system does not allow that.
bool may_mount() {
    if (unshare(CLONE_NEWNS) == -1) {
        const auto user = getuid();
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1) return false;
        std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    }
    return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

constexpr Exclusion reports_once[] = {
    {"asio", "it refuses these files, as Asio may be the first to poll one, and the kernel reports each change once"},
};

EXHIBIT(watches_mounts, "notify-rs/notify#421, stratis-storage/stratisd#1091",
        "The list of mounts is watched for changes: the kernel reports each change once, and a backend that polls "
        "before it waits consumes the report and delivers nothing.",
        reports_once) {
    const bool is_allowed = in_child([] { _exit(may_mount() ? 0 : 1); }).empty();
    EXPECT_EQ(in_child([&] {
                  EXPECT_EQ(may_mount(), is_allowed);
                  Visitor visitor(backend);
                  for (const auto mode : modes_of(visitor.poll.choice())) {
                      const Owned mounts(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
                      visitor.add(mounts, Ready::priority, mode);
                      EXPECT_TRUE(visitor.is_quiet());
                      for (int round = 0; is_allowed && round < 5; ++round) {
                          EXPECT_EQ(mount("none", "/tmp", "tmpfs", 0, nullptr), 0);
                          EXPECT_FALSE(visitor.poll.poll(visitor.events, 5s));
                          EXPECT_EQ(visitor.events.size(), 1U) << static_cast<int>(mode);
                          if (visitor.events.empty()) break;
                          EXPECT_TRUE(any(visitor.events[0].ready & Ready::priority));
                          EXPECT_EQ(umount2("/tmp", MNT_DETACH), 0);
                          if (mode == Mode::oneshot) visitor.modify(mounts, Ready::priority, mode);
                          // The second change is reported, too, or was reported with the first.
                          EXPECT_FALSE(visitor.poll.poll(visitor.events, moment));
                          if (mode == Mode::oneshot) visitor.modify(mounts, Ready::priority, mode);
                          EXPECT_TRUE(visitor.is_quiet());
                      }
                      visitor.remove(mounts);
                  }
              }),
              "");
    if (!is_allowed) GTEST_SKIP() << "not checked: that changes are reported, as this system lets no process mount";
}

EXHIBIT(leaves_the_error_queue_unread, "redis/hiredis#1374, oven-sh/bun#29473, tokio-rs/mio#1672",
        "A socket keeps the errors of its datagrams in a queue that an ordinary read does not reach: the loop reports "
        "the socket forever, and the program gets no reason.") {
    Visitor visitor(backend);
    for (const auto mode : modes_of(visitor.poll.choice())) {
        const auto socket = conformance::udp_socket_to_nobody();
        const int on = 1;
        ASSERT_EQ(setsockopt(socket, IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
        visitor.add(socket, Ready::readable, mode);
        EXPECT_TRUE(visitor.is_quiet());
        conformance::send_datagram(socket, "hello");
        // The event has the error, and an ordinary read returns it as well.
        EXPECT_TRUE(any(visitor.next() & Ready::failed));
        EXPECT_EQ(conformance::read(socket).error, std::errc::connection_refused);
        EXPECT_EQ(conformance::read(socket).error, std::errc::resource_unavailable_try_again);
        if (mode != Mode::level) {
            // A one-shot or edge watch does not spin, whatever is in the queue.
            int events = 0;
            for (int i = 0; i < 20; ++i) {
                EXPECT_FALSE(visitor.poll.poll(visitor.events, 1ms));
                events += static_cast<int>(visitor.events.size());
            }
            EXPECT_LE(events, 2);
        }
        visitor.modify(socket, Ready::none, mode);
        EXPECT_TRUE(visitor.is_quiet());
        std::array<char, 512> control{};
        msghdr message{};
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        EXPECT_GE(recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT), 0);
        visitor.modify(socket, Ready::readable, mode);
        EXPECT_TRUE(visitor.is_quiet());
        visitor.remove(socket);
    }
}

} // namespace
} // namespace pollux::museum
