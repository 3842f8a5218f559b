// SPDX-License-Identifier: BSL-1.0
// Tests of <pollux/posix.hpp> and <pollux/process.hpp>, which plugins use.
#include "core_test.hpp"

#include <pollux/posix.hpp>
#include <pollux/process.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <functional>
#include <utility>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace pollux::core_tests {
namespace {

/// Runs `body` in a forked child, and returns the exit status; `body` returns whether its expectations hold.
int status_of_child(const std::function<bool()>& body) {
    const pid_t child = fork();
    if (child == 0) _exit(body() ? 0 : 1);
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
}

TEST(OwnerProcess, is_current_where_it_was_made) {
    const OwnerProcess here;
    EXPECT_TRUE(here.is_current());
    EXPECT_TRUE(here.is_current());
    EXPECT_TRUE(OwnerProcess().is_current());
}

TEST(OwnerProcess, is_not_current_in_children_and_their_children) {
    const OwnerProcess parent;
    EXPECT_EQ(status_of_child([&] {
                  if (parent.is_current()) return false;
                  const OwnerProcess child;
                  return child.is_current() && !parent.is_current() &&
                         status_of_child([&] {
                             return !child.is_current() && !parent.is_current() && OwnerProcess().is_current();
                         }) == 0;
              }),
              0);
    EXPECT_TRUE(parent.is_current());
}

TEST(PosixDescriptors, are_moved_above_the_standard_streams) {
    EXPECT_EQ(status_of_child([] {
                  close(STDIN_FILENO);
                  const int made = socket(AF_UNIX, SOCK_STREAM, 0);
                  const int moved = posix::above_standard_streams(made);
                  return made == STDIN_FILENO && moved > STDERR_FILENO && fcntl(STDIN_FILENO, F_GETFD) == -1 &&
                         fcntl(moved, F_GETFD) == FD_CLOEXEC && posix::above_standard_streams(moved) == moved &&
                         posix::above_standard_streams(-1) == -1;
              }),
              0);
}

TEST(PosixDescriptors, that_cannot_be_moved_are_closed) {
    EXPECT_EQ(status_of_child([] {
                  close(STDIN_FILENO);
                  const int made = socket(AF_UNIX, SOCK_STREAM, 0);
                  const rlimit few{1, 1};
                  return setrlimit(RLIMIT_NOFILE, &few) == 0 && posix::above_standard_streams(made) == -1 &&
                         errno != 0 && fcntl(STDIN_FILENO, F_GETFD) == -1;
              }),
              0);
}

std::atomic<int> broken_pipes = 0;

/// A test of a pair of open_pair() that counts each SIGPIPE.
class PosixPair : public testing::Test {
  protected:
    void SetUp() override {
        struct sigaction counting {};
        counting.sa_handler = [](int) { ++broken_pipes; };
        sigaction(SIGPIPE, &counting, &former_);
        broken_pipes = 0;
        ASSERT_EQ(posix::open_pair(ends_), std::error_code());
    }
    void TearDown() override {
        for (const int end : ends_) close(end);
        sigaction(SIGPIPE, &former_, nullptr);
        EXPECT_EQ(broken_pipes, 0);
    }

    /// Makes the descriptor of an end that of another file.
    void replace(std::size_t end, int other) {
        ASSERT_EQ(dup2(other, ends_.at(end)), ends_.at(end));
        close(other);
    }

    std::array<int, 2> ends_{};
    struct sigaction former_ {};
};

TEST_F(PosixPair, is_drained_of_what_was_sent) {
    EXPECT_FALSE(posix::has_arrived(ends_[0]));
    EXPECT_TRUE(posix::drain(ends_[0])) << "nothing";
    for (int i = 0; i < 5000; ++i) ASSERT_EQ(posix::send_byte(ends_[1]), std::error_code()) << "it is full by now";
    EXPECT_TRUE(posix::has_arrived(ends_[0]));
    EXPECT_TRUE(posix::drain(ends_[0]));
    EXPECT_FALSE(posix::has_arrived(ends_[0]));
    for (const int end : ends_) {
        EXPECT_GT(end, STDERR_FILENO);
        EXPECT_EQ(fcntl(end, F_GETFD), FD_CLOEXEC);
        EXPECT_NE(fcntl(end, F_GETFL) & O_NONBLOCK, 0);
    }
}

TEST_F(PosixPair, reports_that_an_end_was_closed) {
    close(std::exchange(ends_[0], -1));
    EXPECT_EQ(posix::send_byte(ends_[1]), std::errc::bad_file_descriptor);
    EXPECT_FALSE(posix::drain(ends_[0]));
    close(std::exchange(ends_[1], -1));
    EXPECT_EQ(posix::send_byte(ends_[1]), std::errc::bad_file_descriptor);
}

TEST_F(PosixPair, writes_and_reads_no_other_pipe) {
    std::array<int, 2> pipe_ends{};
    ASSERT_EQ(pipe(pipe_ends.data()), 0);
    ASSERT_EQ(write(pipe_ends[1], "x", 1), 1);
    replace(0, pipe_ends[0]);
    replace(1, pipe_ends[1]);
    EXPECT_EQ(posix::send_byte(ends_[1]), std::errc::bad_file_descriptor);
    EXPECT_FALSE(posix::has_arrived(ends_[0]));
    EXPECT_FALSE(posix::drain(ends_[0]));
    int bytes = 0;
    EXPECT_EQ(ioctl(ends_[0], FIONREAD, &bytes), 0);
    EXPECT_EQ(bytes, 1);
}

// The byte is sent by another socket.
TEST_F(PosixPair, reports_that_a_byte_did_not_arrive) {
    std::array<int, 2> others{};
    ASSERT_EQ(posix::open_pair(others), std::error_code());
    replace(1, others[1]);
    EXPECT_EQ(posix::send_byte(ends_[1]), std::error_code());
    EXPECT_FALSE(posix::has_arrived(ends_[0]));
    close(others[0]);
}

TEST_F(PosixPair, is_open_or_not) {
    EXPECT_EQ(status_of_child([] {
                  const rlimit one{static_cast<rlim_t>(dup(0)) + 1, 4096};
                  std::array<int, 2> ends{7, 7};
                  return setrlimit(RLIMIT_NOFILE, &one) == 0 && posix::open_pair(ends) && ends[0] == -1 &&
                         ends[1] == -1;
              }),
              0);
}

TEST(PosixPoll, works_below_a_lowered_limit_of_descriptors) {
    EXPECT_EQ(status_of_child([] {
                  std::array<int, 2> ends{}, idle{};
                  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) return false;
                  if (socketpair(AF_UNIX, SOCK_STREAM, 0, idle.data()) != 0) return false;
                  const int high = fcntl(ends[0], F_DUPFD, 700);
                  const rlimit none{0, 0};
                  if (high == -1 || write(ends[1], "x", 1) != 1 || setrlimit(RLIMIT_NOFILE, &none) != 0) return false;
                  std::array sources{pollfd{high, POLLIN, 0}, pollfd{idle[0], POLLIN | POLLOUT, 0},
                                     pollfd{-1, POLLIN, POLLIN}, pollfd{idle[1], POLLIN, POLLIN}};
                  if (poll(sources.data(), sources.size(), 0) != -1 || errno != EINVAL) return false;
                  if (posix::poll_now(sources) != 2 || sources[0].revents != POLLIN || sources[1].revents != POLLOUT ||
                      sources[2].revents != 0 || sources[3].revents != 0)
                      return false;
                  // Without any that is ready, the results of that call are replaced, too.
                  char byte = 0;
                  sources[1].events = POLLIN;
                  return read(high, &byte, 1) == 1 && posix::poll_now(sources) == 0 && sources[0].revents == 0 &&
                         sources[1].revents == 0;
              }),
              0);
}

// What is not asked for POLLIN reports an end that it can be sure of, and nothing because of data.
TEST(PosixPoll, reports_ends_of_pipes_below_a_lowered_limit_of_descriptors) {
    EXPECT_EQ(status_of_child([] {
                  std::array<int, 2> ended{}, unread{}, readerless{}, idle{}, socket{};
                  for (auto* ends : {&ended, &unread, &readerless, &idle})
                      if (pipe(ends->data()) != 0) return false;
                  if (socketpair(AF_UNIX, SOCK_STREAM, 0, socket.data()) != 0) return false;
                  if (write(unread[1], "x", 1) != 1 || shutdown(socket[1], SHUT_WR) != 0) return false;
                  close(ended[1]);
                  close(unread[1]);
                  close(readerless[0]);
                  const rlimit none{0, 0};
                  if (setrlimit(RLIMIT_NOFILE, &none) != 0) return false;
                  std::array sources{pollfd{ended[0], POLLOUT, 0},      pollfd{ended[0], 0, 0},
                                     pollfd{unread[0], POLLOUT, 0},     pollfd{readerless[1], POLLOUT, 0},
                                     pollfd{readerless[1], POLLPRI, 0}, pollfd{idle[0], POLLOUT, 0},
                                     pollfd{socket[0], POLLPRI, 0}};
                  const std::array<short, 7> expected{POLLHUP, POLLHUP, 0, POLLOUT, 0, 0, 0};
                  bool holds = posix::poll_now(sources) == 3 && posix::poll_for(sources, -1) == 3;
                  for (std::size_t i = 0; i < sources.size(); ++i)
                      holds = holds && sources[i].revents == expected.at(i);
                  return holds;
              }),
              0);
}

// poll(2) decides whether an end that another call has reported holds. Below the limit it holds unless a read would
// block.
TEST(PosixPoll, rechecks_an_end) {
    EXPECT_EQ(status_of_child([] {
                  std::array<int, 2> idle{}, unread{}, ended{}, readerless{};
                  for (auto* ends : {&idle, &unread, &ended, &readerless})
                      if (pipe(ends->data()) != 0) return false;
                  if (write(unread[1], "x", 1) != 1 || write(ended[1], "x", 1) != 1) return false;
                  close(ended[1]);
                  close(readerless[0]);
                  constexpr short reported = POLLERR | POLLRDHUP;
                  const auto recheck = [](int descriptor) { return posix::recheck_end(descriptor, reported); };
                  if (recheck(idle[0]) != 0 || recheck(unread[0]) != 0 || recheck(ended[0]) != POLLHUP ||
                      recheck(readerless[1]) != POLLERR)
                      return false;
                  const rlimit none{0, 0};
                  return setrlimit(RLIMIT_NOFILE, &none) == 0 && recheck(idle[0]) == 0 &&
                         recheck(ended[0]) == reported && recheck(readerless[1]) == reported;
              }),
              0);
}

// Data that is not asked for ends no sleep.
TEST(PosixPoll, sleeps_beside_unread_data_below_a_lowered_limit_of_descriptors) {
    EXPECT_EQ(status_of_child([] {
                  std::array<int, 2> ends{};
                  if (pipe(ends.data()) != 0 || write(ends[1], "x", 1) != 1) return false;
                  const rlimit none{0, 0};
                  if (setrlimit(RLIMIT_NOFILE, &none) != 0) return false;
                  std::array sources{pollfd{ends[0], POLLOUT, 0}};
                  const auto begun = std::chrono::steady_clock::now();
                  return posix::poll_for(sources, 20) == 0 &&
                         std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(20);
              }),
              0);
}

} // namespace
} // namespace pollux::core_tests
