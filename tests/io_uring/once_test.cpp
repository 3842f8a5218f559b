// SPDX-License-Identifier: BSL-1.0
// Tests of sources that report POLLPRI to one poll and not to the next.
#include "child.hpp"
#include "io_uring_test.hpp"
#include "refused_enter.hpp"

#include <cerrno>
#include <cstring>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pollux::io_uring_tests {
namespace {

/// A HostName owns a host name of this process, and a file that reports each change of it once.
class HostName {
  public:
    HostName() : file(::open("/proc/sys/kernel/hostname", O_RDONLY | O_CLOEXEC)) {}

    /// Whether this process may have a host name of its own, as root or as an ordinary user.
    static bool is_allowed() {
        if (unshare(CLONE_NEWUTS) == -1 && unshare(CLONE_NEWUSER | CLONE_NEWUTS) == -1) return false;
        return sethostname("before", 6) == 0;
    }

    void change() {
        const auto name = "changed" + std::to_string(++changes_);
        if (sethostname(name.data(), name.size()) == -1) throw std::runtime_error("sethostname failed");
    }

    Descriptor file;

  private:
    int changes_ = 0;
};

std::string fault_with_host_name(const std::function<std::string(Selector&, HostName&)>& body) {
    return fault_in_child([&]() -> std::string {
        // A change is reported in all namespaces, so only one process at a time makes changes.
        const Descriptor alone(::open("/proc/sys/kernel/hostname", O_RDONLY | O_CLOEXEC));
        if (flock(alone, LOCK_EX) == -1) return "flock() fails";
        if (!HostName::is_allowed()) {
            std::printf("this process may not have a host name of its own\n");
            return "";
        }
        HostName name;
        const auto selector = open_backend();
        return body(*selector, name);
    });
}

/// The number of priority events of one select().
int count_events(Selector& selector, std::chrono::nanoseconds timeout) {
    std::error_code error;
    int count = 0;
    for (const auto& event : select_once(selector, timeout, error)) count += any(event.ready & Ready::priority);
    return count;
}

// Each change is one event in each mode, whether it was made before select() or while it sleeps.
TEST(Once, each_change_is_reported) {
    for (const Mode mode : {Mode::oneshot, Mode::level, Mode::edge}) {
        const auto fault = fault_with_host_name([mode](Selector& selector, HostName& name) -> std::string {
            const Watch watch{Token{1}, Ready::priority, mode};
            EXPECT_FALSE(selector.registrator().add(name.file, watch));
            for (int round = 0; round < 5; ++round) {
                if (count_events(selector, 0ns) != 0) return "an event without a change";
                name.change();
                if (count_events(selector, patience) != 1) return "a change was not reported";
                if (count_events(selector, 10ms) != 0) return "a change was reported twice";
                if (mode == Mode::oneshot) static_cast<void>(selector.registrator().modify(name.file, watch));
            }
            return "";
        });
        EXPECT_EQ(fault, "") << static_cast<int>(mode);
    }
}

// A change that the kernel has reported when the watch is modified is not lost, nor reported twice.
TEST(Once, modify_keeps_a_change) {
    for (const Mode mode : {Mode::oneshot, Mode::level, Mode::edge}) {
        const auto fault = fault_with_host_name([mode](Selector& selector, HostName& name) -> std::string {
            const Watch watch{Token{1}, Ready::priority, mode};
            EXPECT_FALSE(selector.registrator().add(name.file, watch));
            if (count_events(selector, 0ns) != 0) return "an event without a change";
            name.change();
            EXPECT_FALSE(selector.registrator().modify(name.file, watch));
            if (count_events(selector, patience) != 1) return "a change was lost by modify()";
            if (count_events(selector, 10ms) != 0) return "a change was reported twice";
            EXPECT_FALSE(selector.registrator().modify(name.file, watch));
            return count_events(selector, 10ms) == 0 ? "" : "an event without a change";
        });
        EXPECT_EQ(fault, "") << static_cast<int>(mode);
    }
}

// A request that outlives its watch, since the kernel refused to cancel it, reports nothing to the next watch of that
// descriptor.
TEST(Once, change_of_another_watch_is_ignored) {
    const auto fault = fault_with_host_name([](Selector& selector, HostName& name) -> std::string {
        RefusedEnter kernel;
        const Watch watch{Token{1}, Ready::priority, Mode::level};
        EXPECT_FALSE(selector.registrator().add(name.file, watch));
        if (count_events(selector, 0ns) != 0) return "an event without a change";
        kernel.refuse(EAGAIN);
        EXPECT_FALSE(selector.registrator().remove(name.file));
        name.change();
        const Descriptor other(::open("/proc/sys/kernel/hostname", O_RDONLY | O_CLOEXEC));
        if (dup2(other, name.file) == -1) return "dup2 failed";
        EXPECT_FALSE(selector.registrator().add(name.file, watch));
        kernel.accept();
        if (count_events(selector, 10ms) != 0) return "a new watch got the change of an old one";
        name.change();
        return count_events(selector, patience) == 1 ? "" : "a change was not reported";
    });
    EXPECT_EQ(fault, "");
}

// Each change of the mounts that a process sees is reported, too.
TEST(Once, mounts_are_reported) {
    const auto fault = fault_in_child([]() -> std::string {
        const bool is_allowed = (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
                                mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
        if (!is_allowed) {
            std::printf("this process may not have mounts of its own\n");
            return "";
        }
        const Descriptor mounts(::open("/proc/self/mounts", O_RDONLY | O_CLOEXEC));
        const auto selector = open_backend();
        EXPECT_FALSE(selector->registrator().add(mounts, {Token{1}, Ready::priority, Mode::edge}));
        for (int round = 0; round < 5; ++round) {
            count_events(*selector, 10ms);
            if (mount("none", "/tmp", "tmpfs", 0, nullptr) == -1) return "mount: " + std::string(std::strerror(errno));
            if (count_events(*selector, patience) != 1) return "a mount was not reported";
        }
        return "";
    });
    EXPECT_EQ(fault, "");
}

// A completion of a socket is rechecked, since ordinary data is not priority.
TEST(Once, data_of_sockets_is_no_priority) {
    const auto selector = open_backend();
    const Pair pair;
    EXPECT_FALSE(selector->registrator().add(pair.near, {Token{1}, Ready::readable | Ready::priority, Mode::edge}));
    for (int round = 0; round < 3; ++round) {
        std::error_code error;
        select_once(*selector, 0ns, error);
        write_byte(pair.far);
        const auto events = select_once(*selector, patience, error);
        ASSERT_EQ(events.size(), 1U);
        EXPECT_FALSE(any(events[0].ready & Ready::priority));
        drain(pair.near);
    }
}

} // namespace
} // namespace pollux::io_uring_tests
