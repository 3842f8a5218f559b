// SPDX-License-Identifier: BSL-1.0
// Programs that are started beside a loop, and that must not inherit its descriptors.
#include "museum.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ; // NOLINT(readability-redundant-declaration): macOS has it nowhere

namespace pollux::museum {
namespace {

/// The descriptors of a program that is started now, as ls(1) lists its own.
std::string descriptors_of_a_program() {
    auto pipe = make_pair(Kind::pipe);
    conformance::set_blocking(pipe.far, true);
    conformance::set_blocking(pipe.near, true);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe.far, STDOUT_FILENO);
    const char* arguments[] = {"ls", "/dev/fd/", nullptr};
    pid_t child = 0;
    EXPECT_EQ(posix_spawnp(&child, "ls", &actions, nullptr, const_cast<char**>(arguments), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    pipe.far.close();
    std::string listed;
    std::array<char, 4096> some{};
    for (ssize_t count = 0; (count = ::read(pipe.near, some.data(), some.size())) > 0;) {
        listed.append(some.data(), static_cast<std::size_t>(count));
    }
    std::replace(listed.begin(), listed.end(), '\n', ' ');
    int status = 0;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR) {}
    return listed;
}

REPORTED_BUG(
    starts_a_program_beside_a_loop, "redis/hiredis#555, ghostty-org/ghostty#5341",
    "A program with a loop starts another, which inherits descriptors of the loop and keeps connections open that "
    "the first has closed.") {
    const auto before = descriptors_of_a_program();
    loop::Loop loop(request(backend));
    const auto pair = make_pair(Kind::tcp);
    auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, [](Ready) {});
    const auto signals = loop.on_signal(SIGUSR1, [] {});
    const auto timer = loop.after(1h, [] {});
    EXPECT_FALSE(loop.post([] {}));
    loop.run_for(0ns);
    EXPECT_EQ(descriptors_of_a_program(), before);
}

REPORTED_BUG(
    starts_programs_while_loops_are_made, "haskell/process#288, cesanta/mongoose#2369",
    "One thread makes loops while another starts programs: a descriptor is not yet close-on-exec at that moment, "
    "and leaks into a program.") {
    const auto before = descriptors_of_a_program();
    std::atomic<bool> is_over = false;
    std::thread making([&] {
        while (!is_over) {
            loop::Loop loop(request(backend));
            const auto signals = loop.on_signal(SIGUSR1, [] {});
        }
    });
    for (Rounds rounds(200); rounds.next();) {
        const auto seen = descriptors_of_a_program();
        EXPECT_EQ(seen, before);
        if (seen != before) break;
    }
    is_over = true;
    making.join();
}

REPORTED_BUG(waits_for_a_program_in_a_callback, "socketry/io-event#126",
             "A callback starts a program and waits for its end, and events arrive meanwhile: they are lost or never "
             "reported again.") {
    loop::Loop loop(request(backend));
    const Watchdog watchdog(loop);
    for (const auto mode : modes_of(loop.choice())) {
        const auto pair = make_pair(Kind::local), trigger = make_pair(Kind::local);
        int reads = 0;
        auto watcher = loop.watch(pair.near.get(), Ready::readable, mode,
                                  [&](Ready) { reads += conformance::drain(pair.near) > 0 ? 1 : 0; });
        auto starter = loop.watch(trigger.near.get(), Ready::readable, Mode::level, [&](Ready) {
            conformance::drain(trigger.near);
            std::thread writer([&] { conformance::write(pair.far, "x"); });
            EXPECT_FALSE(descriptors_of_a_program().empty());
            writer.join();
        });
        conformance::write(trigger.far, "x");
        EXPECT_TRUE(turn_until(loop, [&] { return reads == 1; }));
    }
}

} // namespace
} // namespace pollux::museum
