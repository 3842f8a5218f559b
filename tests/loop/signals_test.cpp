// SPDX-License-Identifier: BSL-1.0
// Tests of signals.
#include "loop_test.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <optional>
#include <thread>

#ifndef _WIN32
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace pollux::loop::tests {
namespace {

std::atomic<int> handled_before = 0;
extern "C" void handle_before([[maybe_unused]] int signal) {
#ifdef _WIN32
    std::signal(signal, handle_before); // the former action, which is lost there
#endif
    ++handled_before;
}

/// A SigtermHandler is the handler that a program had for SIGTERM before it used a Loop.
class SigtermHandler {
  public:
    SigtermHandler() : before_(std::signal(SIGTERM, handle_before)) { handled_before = 0; }
    ~SigtermHandler() { std::signal(SIGTERM, before_); }
    SigtermHandler(const SigtermHandler&) = delete;
    SigtermHandler& operator=(const SigtermHandler&) = delete;

  private:
    void (*before_)(int);
};

// A signal calls its watcher, even if it is delivered to another thread or while the Loop sleeps; several signals
// before the call may be one call.
RULE(on_signal, called) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        const SigtermHandler handler;
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        int calls = 0;
        SignalWatcher watcher = loop.on_signal(SIGTERM, [&] {
            if (++calls == 3) watcher.close();
        });
        EXPECT_EQ(loop.metrics().watches, 0U) << "what it stands on is not the program's";
        EXPECT_EQ(std::raise(SIGTERM), 0);
        EXPECT_EQ(std::raise(SIGTERM), 0);
        EXPECT_TRUE(loop.run_one());
        EXPECT_EQ(calls, 1);
        EXPECT_FALSE(loop.post([] { std::raise(SIGTERM); }));
        while (calls < 2) EXPECT_TRUE(loop.run_one());
        const Asleep asleep(loop);
        std::thread other([&] {
            asleep.wait();
            std::raise(SIGTERM);
        });
        EXPECT_FALSE(loop.run()) << "nothing is pending without the watcher";
        other.join();
        EXPECT_EQ(calls, 3);
        EXPECT_EQ(handled_before, 0);
    }
}

// A signal calls all its watchers, in all Loops.
RULE(on_signal, shared) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        const SigtermHandler handler;
        Loop one(request(backend));
        std::optional<Loop> two(std::in_place, request(backend));
        Names seen;
        auto first = one.on_signal(SIGTERM, [&] { seen.emplace_back("first"); });
        auto second = one.on_signal(SIGTERM, [&] { seen.emplace_back("second"); });
        auto third = two->on_signal(SIGTERM, [&] { seen.emplace_back("third"); });
        auto other = two->on_signal(SIGINT, [&] { ADD_FAILURE() << "another signal"; });
        std::raise(SIGTERM);
        EXPECT_TRUE(one.run_one());
        EXPECT_TRUE(two->run_one());
        EXPECT_EQ(seen, (Names{"first", "second", "third"}));
        seen.clear();
        first.close();
        two.reset();
        std::raise(SIGTERM);
        EXPECT_TRUE(one.run_one());
        EXPECT_EQ(seen, Names{"second"});
    }
}

// When the last watcher of a signal, or its Loop, is destroyed, the signal's former action is restored.
RULE(on_signal, restores) {
    const SigtermHandler handler;
    Loop one(request(backends().front()));
    std::optional<Loop> two(std::in_place, request(backends().front()));
    auto first = one.on_signal(SIGTERM, [] {});
    auto second = one.on_signal(SIGTERM, [] {});
    auto third = two->on_signal(SIGTERM, [] {});
    first.close();
    second.close();
    std::raise(SIGTERM);
    EXPECT_EQ(handled_before, 0) << "the other Loop's is left";
    two.reset();
    std::raise(SIGTERM);
    EXPECT_EQ(handled_before, 1);
    first = one.on_signal(SIGTERM, [] {});
    std::raise(SIGTERM);
    EXPECT_EQ(handled_before, 1);
    first.close();
    std::raise(SIGTERM);
    EXPECT_EQ(handled_before, 2);
}

// on_signal() refuses a number that is not a signal, a signal that cannot be caught, and a signal that reports a fault
// of the program; it throws or returns the error.
RULE(on_signal, refused) {
    Loop loop(request(backends().front()));
    const auto refusal = [&](int signal) {
        std::error_code error;
        EXPECT_FALSE(loop.on_signal(
            signal, [] {}, error))
            << signal;
        EXPECT_THROW((void)loop.on_signal(signal, [] {}), std::system_error) << signal;
        return error;
    };
    for (const int signal : {-1, 0, 127, 128, 1 << 30}) EXPECT_EQ(refusal(signal), std::errc::invalid_argument);
    for (const int signal : {SIGSEGV, SIGFPE, SIGILL}) EXPECT_EQ(refusal(signal), std::errc::operation_not_supported);
#ifndef _WIN32
    for (const int signal : {SIGKILL, SIGSTOP}) EXPECT_EQ(refusal(signal), std::errc::invalid_argument);
    EXPECT_EQ(refusal(SIGBUS), std::errc::operation_not_supported);
#endif
    EXPECT_FALSE(loop.run());
}

TEST(OnSignal, that_arrived_before_a_watcher_does_not_call_it) {
    const SigtermHandler handler;
    Loop loop(request(backends().front()));
    auto watcher = loop.on_signal(SIGTERM, [] { ADD_FAILURE() << "it arrived for the one before"; });
    std::raise(SIGTERM);
    watcher.close();
    int calls = 0;
    watcher = loop.on_signal(SIGTERM, [&] { ++calls; });
    EXPECT_TRUE(loop.run_for(20ms));
    EXPECT_EQ(calls, 0);
    std::raise(SIGTERM);
    EXPECT_TRUE(loop.run_one());
    EXPECT_EQ(calls, 1);
}

#ifndef _WIN32

TEST(OnSignal, in_a_storm_while_loops_are_opened_and_destroyed) {
    const SigtermHandler handler;
    std::atomic<bool> over = false;
    std::thread storm([&] {
        while (!over) raise(SIGTERM);
    });
    for (int i = 0; i < 200; ++i) {
        Loop loop(request(backends().front()));
        const Watchdog watchdog(loop);
        SignalWatcher watcher = loop.on_signal(SIGTERM, [&] { watcher.close(); });
        EXPECT_FALSE(loop.run());
    }
    over = true;
    storm.join();
}

TEST(OnSignal, does_not_disturb_what_it_interrupts) {
    const SigtermHandler handler;
    Loop loop(request(backends().front()));
    auto watcher = loop.on_signal(SIGTERM, [] {});
    for (int i = 0; i < 100000; ++i) { // more than the socket holds: the handler does not block, and keeps errno
        errno = 12345;
        raise(SIGTERM);
        ASSERT_EQ(errno, 12345);
        if (i % 1000 == 0) {
            EXPECT_TRUE(loop.run_one());
        }
    }
    struct sigaction action {};
    sigaction(SIGTERM, nullptr, &action);
    EXPECT_TRUE(action.sa_flags & SA_RESTART);
}

TEST(OnSignal, of_a_forked_child_is_not_the_parents) {
    const SigtermHandler handler;
    Loop loop(request(backends().front()));
    int calls = 0;
    auto watcher = loop.on_signal(SIGTERM, [&] { ++calls; });
    const auto child = fork();
    if (child == 0) {
        raise(SIGTERM);
        _exit(0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(loop.run_for(10ms));
    EXPECT_EQ(calls, 0);
}

#endif

#ifndef _WIN32
std::atomic<int> broken_pipes = 0;

// The program may have closed an end of the pair: a handler that sends to the other one does not end the program.
TEST(OnSignal, raises_no_sigpipe_after_descriptors_were_closed) {
    struct sigaction counting {};
    struct sigaction former {};
    counting.sa_handler = [](int) { ++broken_pipes; };
    sigaction(SIGPIPE, &counting, &former);
    broken_pipes = 0;
    bool has_more = true;
    for (std::size_t which = 0; has_more; ++which) {
        const auto before = conformance::open_descriptors();
        Loop loop(request(backends().front()));
        const auto watcher = loop.on_signal(SIGUSR1, [] {});
        std::vector<int> own;
        for (const int descriptor : conformance::open_descriptors()) {
            if (std::ranges::find(before, descriptor) == before.end()) own.push_back(descriptor);
        }
        ASSERT_GT(own.size(), which);
        close(own[which]);
        std::raise(SIGUSR1);
        has_more = which + 1 < own.size();
    }
    sigaction(SIGPIPE, &former, nullptr);
    EXPECT_EQ(broken_pipes, 0);
}

// What a Loop opens for signals is not inherited by programs that the process starts, never blocks a handler, and is no
// standard stream, even if one is closed; all of it is closed with the Loop.
TEST(OnSignal, opens_descriptors_that_are_closed_on_exec_and_do_not_block) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        const auto former = conformance::open_descriptors();
        {
            Loop loop(request(backend));
            const auto before = conformance::open_descriptors();
            const int input = dup(STDIN_FILENO);
            close(STDIN_FILENO);
            auto watcher = loop.on_signal(SIGUSR1, [] {});
            const bool is_free = fcntl(STDIN_FILENO, F_GETFD) == -1;
            dup2(input, STDIN_FILENO);
            close(input);
            EXPECT_TRUE(is_free);
            std::size_t count = 0;
            for (const int descriptor : conformance::open_descriptors()) {
                if (std::ranges::find(before, descriptor) != before.end()) continue;
                ++count;
                EXPECT_TRUE(fcntl(descriptor, F_GETFD) & FD_CLOEXEC) << descriptor;
                EXPECT_TRUE(fcntl(descriptor, F_GETFL) & O_NONBLOCK) << descriptor;
            }
            EXPECT_EQ(count, 2U);
            watcher.close();
            watcher = loop.on_signal(SIGUSR2, [] {});
            EXPECT_EQ(conformance::open_descriptors().size(), before.size() + 2) << "one pair for all signals";
        }
        EXPECT_EQ(conformance::open_descriptors(), former);
    }
}
#endif

} // namespace
} // namespace pollux::loop::tests
