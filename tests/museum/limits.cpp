// SPDX-License-Identifier: BSL-1.0
// Processes that may not open any more descriptors.
#include "museum.hpp"

#include <csignal>

#include <sys/resource.h>

namespace pollux::museum {
namespace {

void lower_descriptor_limit() {
    rlimit limit{};
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 0;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

REPORTED_BUG(
    lowers_the_limit_when_all_is_open, "NetworkConfiguration/dhcpcd#612",
    "A daemon opens all that it needs and then sets RLIMIT_NOFILE to zero: poll(2) refuses more sources than the "
    "limit, and the loop fails or spins.") {
    EXPECT_EQ(in_child([&] {
                  CheckedPoll checked(backend);
                  std::vector<Pair> pairs;
                  for (std::uint64_t i = 0; i < 8; ++i) {
                      pairs.push_back(make_pair(Kind::local));
                      checked.add(pairs.back().near, Ready::readable, Mode::level, Token{i});
                  }
                  lower_descriptor_limit();
                  for (std::uint64_t i = 0; i < 8; ++i) {
                      conformance::write(pairs[i].far, "x");
                      EXPECT_EQ(checked.next(Token{i}), Ready::readable);
                      conformance::drain(pairs[i].near);
                  }
                  EXPECT_TRUE(checked.is_quiet());
                  EXPECT_FALSE(checked.poll.registrator().wake());
                  EXPECT_EQ(checked.next(wake_token), Ready::none);
                  checked.modify(pairs[0].near, Ready::writable, Mode::oneshot, Token{0});
                  EXPECT_EQ(checked.next(Token{0}), Ready::writable);
                  checked.remove(pairs[1].near);
              }),
              "");
}

REPORTED_BUG(runs_a_loop_without_descriptors_left, "NetworkConfiguration/dhcpcd#612",
             "A loop of watches, timers, posts and signals runs on after its process has given up the right to open "
             "descriptors: the loop fails or spins.") {
    EXPECT_EQ(in_child([&] {
                  loop::Loop loop(request(backend));
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

} // namespace
} // namespace pollux::museum
