// SPDX-License-Identifier: BSL-1.0
// High descriptors, descriptors that other processes share, and descriptors that are all closed.
#include "museum.hpp"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

namespace pollux::museum {
namespace {

REPORTED_BUG(
    watches_descriptors_above_a_thousand, "baresip/re#417",
    "A descriptor is 1,024 or higher, for which an fd_set of select(2) has no bit: the loop writes out of bounds "
    "or ignores the source.") {
    conformance::raise_descriptor_limit();
    CheckedPoll checked(backend);
    std::vector<Owned> placeholders;
    auto pair = make_pair(Kind::tcp);
    for (const int number : {1023, 1024, 1025, 2047}) {
        const int moved = fcntl(pair.near, F_DUPFD_CLOEXEC, number);
        ASSERT_EQ(moved, number);
        const Owned high(moved);
        conformance::write(pair.far, "x");
        checked.add(high, Ready::readable, Mode::level, Token{7});
        EXPECT_EQ(checked.next(Token{7}), Ready::readable);
        conformance::drain(high);
        EXPECT_TRUE(checked.is_quiet());
        checked.remove(high);
    }
}

REPORTED_BUG(watches_the_highest_descriptor, "NLnetLabs/unbound#105",
             "A process may open very many descriptors, and one of the highest is watched: a table that is indexed by "
             "descriptor grows without bound, or the descriptor is refused.") {
    const auto limit = std::min(conformance::raise_descriptor_limit(), std::size_t{1} << 20);
    CheckedPoll checked(backend);
    const auto pair = make_pair(Kind::tcp);
    const Owned high(fcntl(pair.near, F_DUPFD_CLOEXEC, static_cast<int>(limit) - 1));
    ASSERT_EQ(high.get(), static_cast<int>(limit) - 1);
    for (const auto mode : modes_of(checked.poll.choice())) {
        checked.add(high, Ready::readable, mode);
        conformance::write(pair.far, "x");
        EXPECT_EQ(checked.next(), Ready::readable);
        conformance::drain(high);
        checked.remove(high);
    }
}

REPORTED_BUG(
    makes_a_shared_descriptor_non_blocking, "ponylang/ponyc#205, nodejs/node#42826",
    "A terminal or pipe is shared with other processes, and watched: it becomes non-blocking for all of them, and "
    "their writes fail.") {
    for (const auto kind : {Kind::pipe, Kind::local}) {
        const auto pair = make_pair(kind);
        const auto shared = conformance::duplicate(pair.near); // as another process has it
        conformance::set_blocking(pair.near, true);
        const auto before = conformance::flags_of(shared);
        {
            loop::Loop loop(request(backend));
            for (const auto mode : modes_of(loop.choice())) {
                int calls = 0;
                conformance::write(pair.far, "x");
                loop::Watcher watcher = loop.watch(pair.near.get(), Ready::readable, mode, [&](Ready) {
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

REPORTED_BUG(has_all_its_descriptors_closed, "enki/libev#6",
             "A daemon closes all its descriptors, those of its loop included: the loop spins, or waits forever, and "
             "reports no error.") {
    const auto child = fork_child([&] {
        CheckedPoll checked(backend);
        const auto pair = make_pair(Kind::local);
        checked.add(pair.near, Ready::readable);
        EXPECT_TRUE(checked.is_quiet());
        for (int descriptor = 3; descriptor < 4096; ++descriptor) ::close(descriptor);
        std::error_code error;
        for (int i = 0; i < 10 && !error; ++i) error = checked.poll.poll(checked.events, moment);
        EXPECT_TRUE(error || !checked.events.empty()) << "expected an error, or an event that names the source";
    });
    EXPECT_EQ(outcome_of(child), "");
}

} // namespace
} // namespace pollux::museum
