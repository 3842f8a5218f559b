// SPDX-License-Identifier: BSL-1.0
// Sources that only Linux has: epoll sets, timers, mounts, and the error queue of a socket.
#include "museum.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace pollux::museum {
namespace {

/// An EpollSet is an epoll(7) instance with one source.
struct EpollSet {
    EpollSet() {
        epoll_event event{};
        event.events = EPOLLIN;
        EXPECT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, pair.near, &event), 0);
    }
    Pair pair = make_pair(Kind::local);
    Owned epoll{epoll_create1(EPOLL_CLOEXEC)};
};

REPORTED_BUG(
    watches_an_epoll_descriptor, "axboe/liburing#468, axboe/liburing#1029",
    "The epoll(7) descriptor of another library is a source: it becomes readable, and the loop is not woken, or "
    "only sometimes.") {
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        const EpollSet set;
        checked.add(set.epoll, Ready::readable, mode);
        for (int round = 0; round < 20; ++round) {
            EXPECT_FALSE(checked.poll.poll(checked.events, 0ns));
            EXPECT_TRUE(checked.events.empty());
            conformance::write(set.pair.far, "x");
            EXPECT_EQ(checked.next(), Ready::readable);
            epoll_event event{};
            EXPECT_EQ(epoll_wait(set.epoll, &event, 1, 0), 1);
            conformance::drain(set.pair.near);
            EXPECT_EQ(epoll_wait(set.epoll, &event, 1, 0), 0);
            if (mode == Mode::oneshot) checked.modify(set.epoll, Ready::readable, mode);
        }
        checked.remove(set.epoll);
    }
}

REPORTED_BUG(
    watches_one_set_in_many_loops, "flux-framework/flux-core#2554",
    "An epoll(7) descriptor is a source of many loops at once: beyond some count the kernel refuses it, and the "
    "loop reports no error.") {
    const EpollSet set;
    std::vector<std::unique_ptr<CheckedPoll>> polls;
    for (int i = 0; i < 60; ++i) {
        polls.push_back(std::make_unique<CheckedPoll>(backend));
        polls.back()->add(set.epoll, Ready::readable);
    }
    conformance::write(set.pair.far, "x");
    for (const auto& poll : polls) EXPECT_EQ(poll->next(), Ready::readable);
}

REPORTED_BUG(
    counts_in_event_and_timer_descriptors, "axboe/liburing#851",
    "Counters of the kernel are sources whose data has no length: each arrival has to be one event, although one "
    "read takes all of them.") {
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        const Owned counter(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        const Owned timer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
        checked.add(counter, Ready::readable, mode, Token{1});
        for (int round = 0; round < 10; ++round) {
            EXPECT_EQ(eventfd_write(counter, 3), 0);
            EXPECT_EQ(checked.next(Token{1}), Ready::readable);
            eventfd_t value = 0;
            EXPECT_EQ(eventfd_read(counter, &value), 0);
            EXPECT_EQ(value, 3U);
            if (mode == Mode::oneshot) checked.modify(counter, Ready::readable, mode, Token{1});
            EXPECT_FALSE(checked.poll.poll(checked.events, 0ns));
            EXPECT_TRUE(checked.events.empty());
        }
        checked.add(timer, Ready::readable, mode, Token{2});
        itimerspec setting{};
        setting.it_value.tv_nsec = 1'000'000;
        EXPECT_EQ(timerfd_settime(timer, 0, &setting, nullptr), 0);
        EXPECT_EQ(checked.next(Token{2}), Ready::readable);
        checked.remove(counter);
        checked.remove(timer);
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

REPORTED_BUG(watches_mounts, "notify-rs/notify#421, stratis-storage/stratisd#1091, dotnet/runtime#958",
             "The list of mounts is watched for changes: the kernel reports each change once, and a backend that polls "
             "before it waits consumes the report and delivers nothing.",
             reports_once) {
    const bool is_allowed = in_child([] { _exit(may_mount() ? 0 : 1); }).empty();
    EXPECT_EQ(in_child([&] {
                  EXPECT_EQ(may_mount(), is_allowed);
                  CheckedPoll checked(backend);
                  for (const auto mode : modes_of(checked.poll.choice())) {
                      const Owned mounts(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
                      checked.add(mounts, Ready::priority, mode);
                      EXPECT_TRUE(checked.is_quiet());
                      for (int round = 0; is_allowed && round < 3; ++round) {
                          EXPECT_EQ(mount("none", "/tmp", "tmpfs", 0, nullptr), 0);
                          EXPECT_FALSE(checked.poll.poll(checked.events, 5s));
                          EXPECT_EQ(checked.events.size(), 1U) << static_cast<int>(mode);
                          if (checked.events.empty()) break;
                          EXPECT_TRUE(any(checked.events[0].ready & Ready::priority));
                          EXPECT_EQ(umount2("/tmp", MNT_DETACH), 0);
                          if (mode == Mode::oneshot) checked.modify(mounts, Ready::priority, mode);
                          // The second change is reported, too, or was reported with the first.
                          EXPECT_FALSE(checked.poll.poll(checked.events, moment));
                          if (mode == Mode::oneshot) checked.modify(mounts, Ready::priority, mode);
                          EXPECT_TRUE(checked.is_quiet());
                      }
                      checked.remove(mounts);
                  }
              }),
              "");
    if (!is_allowed) GTEST_SKIP() << "not checked: that changes are reported, as this system lets no process mount";
}

/// A file of pressure with a trigger: it reports at most once in each window that threads have waited for a processor.
/// The shortest window is half a second for a privileged process, and two seconds for others. None if the system has no
/// such file or allows no trigger; then errno has the reason.
Owned pressure() {
    Owned file(::open("/proc/pressure/cpu", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    for (const std::string trigger : {"some 1000 500000", "some 1000 2000000"}) {
        const auto size = trigger.size() + 1; // with the zero, which the kernel puts there otherwise
        if (file.get() == -1 || ::write(file, trigger.c_str(), size) == static_cast<ssize_t>(size)) return file;
    }
    return {};
}

/// A Contention has two threads that need the same processor at the same time, a quarter of it.
class Contention {
  public:
    Contention() {
        for (auto& thread : threads_) {
            thread = std::thread([this] {
                for (auto next = begin_; !is_over_; next += 8ms) {
                    std::this_thread::sleep_until(next);
                    while (loop::tests::Clock::now() < next + 1ms) {}
                }
            });
            cpu_set_t processors;
            CPU_ZERO(&processors);
            CPU_SET(static_cast<std::size_t>(processor_), &processors);
            EXPECT_EQ(pthread_setaffinity_np(thread.native_handle(), sizeof processors, &processors), 0);
        }
    }
    ~Contention() {
        is_over_ = true;
        for (auto& thread : threads_) thread.join();
    }
    Contention(const Contention&) = delete;
    Contention& operator=(const Contention&) = delete;

  private:
    const int processor_ = sched_getcpu();
    const loop::tests::Clock::time_point begin_ = loop::tests::Clock::now();
    std::atomic<bool> is_over_ = false;
    std::array<std::thread, 2> threads_;
};

REPORTED_BUG(
    watches_the_pressure_on_processors, "notify-rs/notify#355, openwrt/libubox#41",
    "A program sets a trigger in a pressure file and watches the file: it is always readable and writable, and "
    "reports an excess once, as priority, which the loop cannot watch or has consumed.",
    reports_once) {
    CheckedPoll checked(backend);
    std::vector<Owned> files;
    // All modes beside each other, as a window may take long.
    for (const auto mode : modes_of(checked.poll.choice())) {
        files.push_back(pressure());
        if (files.back().get() == -1) {
            GTEST_SKIP() << "not checked: /proc/pressure/cpu: " << std::generic_category().message(errno);
        }
        checked.add(files.back(), Ready::priority, mode, Token{files.size() - 1});
    }
    const Contention contention;
    std::vector<int> reports(files.size());
    const auto end = loop::tests::Clock::now() + patience;
    while (std::count(reports.begin(), reports.end(), 0) > 0 && loop::tests::Clock::now() < end) {
        EXPECT_FALSE(checked.poll.poll(checked.events, patience));
        for (const auto& event : checked.events) {
            EXPECT_TRUE(any(event.ready & Ready::priority));
            ++reports.at(static_cast<std::size_t>(event.token));
        }
    }
    // Each mode reports it, and once in a window, of which there may be several on a slow machine.
    EXPECT_GE(*std::min_element(reports.begin(), reports.end()), 1);
    EXPECT_LE(*std::max_element(reports.begin(), reports.end()), 4);
}

REPORTED_BUG(
    leaves_the_error_queue_unread, "redis/hiredis#1374, oven-sh/bun#29473, tokio-rs/mio#1672",
    "A socket keeps the errors of its datagrams in a queue that an ordinary read does not reach: the loop reports "
    "the socket forever, and the program gets no reason.") {
    CheckedPoll checked(backend);
    for (const auto mode : modes_of(checked.poll.choice())) {
        const auto socket = conformance::udp_socket_to_closed_port();
        const int on = 1;
        ASSERT_EQ(setsockopt(socket, IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
        checked.add(socket, Ready::readable, mode);
        EXPECT_TRUE(checked.is_quiet());
        conformance::send_datagram(socket, "hello");
        // The event has the error, and an ordinary read returns it as well.
        EXPECT_TRUE(any(checked.next() & Ready::failed));
        EXPECT_EQ(conformance::read(socket).error, std::errc::connection_refused);
        EXPECT_EQ(conformance::read(socket).error, std::errc::resource_unavailable_try_again);
        if (mode != Mode::level) {
            // A one-shot or edge watch does not spin, whatever is in the queue.
            int events = 0;
            for (int i = 0; i < 20; ++i) {
                EXPECT_FALSE(checked.poll.poll(checked.events, 1ms));
                events += static_cast<int>(checked.events.size());
            }
            EXPECT_LE(events, 2);
        }
        checked.modify(socket, Ready::none, mode);
        EXPECT_TRUE(checked.is_quiet());
        std::array<char, 512> control{};
        msghdr message{};
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        EXPECT_GE(recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT), 0);
        checked.modify(socket, Ready::readable, mode);
        EXPECT_TRUE(checked.is_quiet());
        checked.remove(socket);
    }
}

} // namespace
} // namespace pollux::museum
