// SPDX-License-Identifier: BSL-1.0
// High descriptors, limits, closed standard streams, and descriptors that other processes share.
#include "museum.hpp"

#include <algorithm>
#include <csignal>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace pollux::museum {
namespace {

void lower_descriptor_limit() {
    rlimit limit{};
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 0;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

EXHIBIT(lowers_the_limit_when_all_is_open, "NetworkConfiguration/dhcpcd#612",
        "A daemon opens all that it needs and then sets RLIMIT_NOFILE to zero: poll(2) refuses more sources than the "
        "limit, and the loop fails or spins.") {
    EXPECT_EQ(in_child([&] {
                  Visitor visitor(backend);
                  std::vector<Pair> pairs;
                  for (std::uint64_t i = 0; i < 8; ++i) {
                      pairs.push_back(make_pair(Kind::local));
                      visitor.add(pairs.back().near, Ready::readable, Mode::level, Token{i});
                  }
                  lower_descriptor_limit();
                  for (std::uint64_t i = 0; i < 8; ++i) {
                      conformance::write(pairs[i].far, "x");
                      EXPECT_EQ(visitor.next(Token{i}), Ready::readable);
                      conformance::drain(pairs[i].near);
                  }
                  EXPECT_TRUE(visitor.is_quiet());
                  EXPECT_FALSE(visitor.poll.registrator().wake());
                  EXPECT_EQ(visitor.next(wake_token), Ready::none);
                  visitor.modify(pairs[0].near, Ready::writable, Mode::oneshot, Token{0});
                  EXPECT_EQ(visitor.next(Token{0}), Ready::writable);
                  visitor.remove(pairs[1].near);
              }),
              "");
}

EXHIBIT(runs_a_loop_without_descriptors_left, "NetworkConfiguration/dhcpcd#612",
        "A loop of watches, timers, posts and signals runs on after its process has given up the right to open "
        "descriptors: the loop fails or spins.") {
    EXPECT_EQ(in_child([&] {
                  Loop loop(request(backend));
                  const Watchdog watchdog(loop);
                  const auto pair = make_pair(Kind::pipe);
                  int reads = 0, fired = 0, posted = 0, signalled = 0;
                  const auto signals = loop.on_signal(SIGUSR1, [&] { ++signalled; });
                  auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) {
                      ++reads;
                      conformance::drain(pair.near);
                  });
                  loop.run_for(0ns);
                  lower_descriptor_limit();
                  const auto timer = loop.every(1ms, [&] {
                      ++fired;
                      conformance::write(pair.far, "x");
                      EXPECT_FALSE(loop.post([&] { ++posted; }));
                      raise(SIGUSR1);
                  });
                  EXPECT_TRUE(turn_until(loop, [&] { return reads > 5 && posted > 5 && signalled > 5; }));
              }),
              "");
}

EXHIBIT(watches_descriptors_above_a_thousand, "baresip/re#417",
        "A descriptor is 1,024 or higher, for which an fd_set of select(2) has no bit: the loop writes out of bounds "
        "or ignores the source.") {
    conformance::raise_descriptor_limit();
    Visitor visitor(backend);
    std::vector<Owned> placeholders;
    auto pair = make_pair(Kind::tcp);
    for (const int number : {1023, 1024, 1025, 2047}) {
        const int moved = fcntl(pair.near, F_DUPFD_CLOEXEC, number);
        ASSERT_EQ(moved, number);
        const Owned high(moved);
        conformance::write(pair.far, "x");
        visitor.add(high, Ready::readable, Mode::level, Token{7});
        EXPECT_EQ(visitor.next(Token{7}), Ready::readable);
        conformance::drain(high);
        EXPECT_TRUE(visitor.is_quiet());
        visitor.remove(high);
    }
}

EXHIBIT(watches_the_highest_descriptor, "NLnetLabs/unbound#105",
        "A process may open very many descriptors, and one of the highest is watched: a table that is indexed by "
        "descriptor grows without bound, or the descriptor is refused.") {
    const auto limit = std::min(conformance::raise_descriptor_limit(), std::size_t{1} << 20);
    Visitor visitor(backend);
    const auto pair = make_pair(Kind::tcp);
    const Owned high(fcntl(pair.near, F_DUPFD_CLOEXEC, static_cast<int>(limit) - 1));
    ASSERT_EQ(high.get(), static_cast<int>(limit) - 1);
    for (const auto mode : modes_of(visitor.poll.choice())) {
        visitor.add(high, Ready::readable, mode);
        conformance::write(pair.far, "x");
        EXPECT_EQ(visitor.next(), Ready::readable);
        conformance::drain(high);
        visitor.remove(high);
    }
}

/// Closes the standard streams while it lives.
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

EXHIBIT(is_started_without_standard_error, "libuv/libuv#4558, joyent/libuv#1086",
        "A program is started with standard error closed: a descriptor of the loop takes its place, and the process is "
        "aborted when the loop is closed.") {
    EXPECT_EQ(in_child([&] {
                  int taken = 0;
                  {
                      const WithoutStandardStreams without;
                      Loop loop(request(backend));
                      const auto signals = loop.on_signal(SIGUSR1, [] {});
                      const auto timer = loop.after(1ms, [&] { loop.stop(); });
                      loop.run();
                      taken = WithoutStandardStreams::open_again();
                  }
                  EXPECT_EQ(taken, 0);
              }),
              "");
}

EXHIBIT(prints_into_the_loop, "libuv/libuv#2962",
        "A program is started with its standard streams closed, and prints while its loop runs: the output goes into a "
        "descriptor of the loop, which wakes up forever.") {
    EXPECT_EQ(in_child([&] {
                  int wakes = 0, printed = 0;
                  std::uint64_t polls = 0;
                  {
                      const WithoutStandardStreams without;
                      Loop loop(request(backend));
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

EXHIBIT(makes_a_shared_descriptor_non_blocking, "ponylang/ponyc#205, nodejs/node#42826",
        "A terminal or pipe is shared with other processes, and watched: it becomes non-blocking for all of them, and "
        "their writes fail.") {
    for (const auto kind : {Kind::pipe, Kind::local}) {
        const auto pair = make_pair(kind);
        const auto shared = conformance::duplicate(pair.near); // as another process has it
        conformance::set_blocking(pair.near, true);
        const auto before = conformance::flags_of(shared);
        {
            Loop loop(request(backend));
            for (const auto mode : modes_of(loop.choice())) {
                int calls = 0;
                conformance::write(pair.far, "x");
                Watcher watcher = loop.watch(pair.near.get(), Ready::readable, mode, [&](Ready) {
                    ++calls;
                    EXPECT_EQ(conformance::read(pair.near).bytes, 1U);
                    watcher.change(Ready::none);
                });
                EXPECT_TRUE(turn_until(loop, [&] { return calls > 0; }));
                EXPECT_EQ(conformance::flags_of(shared), before);
            }
        }
        EXPECT_EQ(conformance::flags_of(shared), before);
    }
}

EXHIBIT(has_all_its_descriptors_closed, "enki/libev#6",
        "A daemon closes all its descriptors, those of its loop included: the loop spins, or waits forever, and "
        "reports no error.") {
    const auto child = fork_child([&] {
        Visitor visitor(backend);
        const auto pair = make_pair(Kind::local);
        visitor.add(pair.near, Ready::readable);
        EXPECT_TRUE(visitor.is_quiet());
        for (int descriptor = 3; descriptor < 4096; ++descriptor) ::close(descriptor);
        std::error_code error;
        for (int i = 0; i < 10 && !error; ++i) error = visitor.poll.poll(visitor.events, moment);
        EXPECT_TRUE(error || !visitor.events.empty()) << "expected an error, or an event that names the source";
    });
    EXPECT_EQ(outcome_of(child), "");
}

} // namespace
} // namespace pollux::museum
