// SPDX-License-Identifier: BSL-1.0
// Processes that are started with their standard streams closed.
#include "museum.hpp"

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace pollux::museum {
namespace {

/// A WithoutStandardStreams closes the standard streams, and restores them when it is destroyed.
class WithoutStandardStreams {
  public:
    WithoutStandardStreams() {
        for (int descriptor = 0; descriptor < 3; ++descriptor) {
            kept_[descriptor] = fcntl(descriptor, F_DUPFD_CLOEXEC, 500);
            ::close(descriptor);
        }
    }
    ~WithoutStandardStreams() {
        for (int descriptor = 0; descriptor < 3; ++descriptor) {
            ::dup2(kept_[descriptor], descriptor);
            ::close(kept_[descriptor]);
        }
    }
    WithoutStandardStreams(const WithoutStandardStreams&) = delete;
    WithoutStandardStreams& operator=(const WithoutStandardStreams&) = delete;

    /// The standard streams that are open nevertheless.
    static int open_again() {
        int count = 0;
        for (int descriptor = 0; descriptor < 3; ++descriptor) count += fcntl(descriptor, F_GETFD) == -1 ? 0 : 1;
        return count;
    }

  private:
    int kept_[3] = {};
};

REPORTED_BUG(
    is_started_without_standard_error, "libuv/libuv#4558, joyent/libuv#1086",
    "A program is started with standard error closed: a descriptor of the loop takes its place, and the process is "
    "aborted when the loop is closed.") {
    EXPECT_EQ(in_child([&] {
                  int taken = 0;
                  {
                      const WithoutStandardStreams without;
                      loop::Loop loop(request(backend));
                      const auto signals = loop.on_signal(SIGUSR1, [] {});
                      const auto timer = loop.after(1ms, [&] { static_cast<void>(loop.stop()); });
                      loop.run();
                      taken = WithoutStandardStreams::open_again();
                  }
                  EXPECT_EQ(taken, 0);
              }),
              "");
}

REPORTED_BUG(
    prints_into_the_loop, "libuv/libuv#2962",
    "A program is started with its standard streams closed, and prints while its loop runs: the output goes into a "
    "descriptor of the loop, which wakes up forever.") {
    EXPECT_EQ(in_child([&] {
                  int wakes = 0, printed = 0;
                  std::uint64_t polls = 0;
                  {
                      const WithoutStandardStreams without;
                      loop::Loop loop(request(backend));
                      const auto signals = loop.on_signal(SIGUSR1, [] {});
                      const auto watcher = loop.on_wake([&] { ++wakes; });
                      loop.run_for(0ns);
                      for (int descriptor = 0; descriptor < 3; ++descriptor)
                          printed += ::write(descriptor, "a line\n", 7) == -1 ? 0 : 1;
                      polls = polls_when_idle(loop);
                  }
                  EXPECT_LE(polls, few);
                  EXPECT_EQ(wakes, 0);
                  EXPECT_EQ(printed, 0);
              }),
              "");
}

REPORTED_BUG(
    reads_a_closed_standard_input, "joyent/libuv#1413",
    "A program is started with standard input closed, and watches it: the process is aborted, or waits forever.") {
    EXPECT_EQ(in_child([&] {
                  ::close(STDIN_FILENO);
                  loop::Loop loop(request(backend));
                  const Watchdog watchdog(loop);
                  std::error_code error;
                  loop::Watcher watcher;
                  watch_with_error(loop, watcher, STDIN_FILENO, Ready::readable, Mode::level,
                                   [&](Ready, const std::error_code& refusal) {
                                       error = refusal;
                                       watcher.close();
                                   });
                  EXPECT_FALSE(loop.run());
                  EXPECT_EQ(error, std::errc::bad_file_descriptor);
              }),
              "");
}

} // namespace
} // namespace pollux::museum
