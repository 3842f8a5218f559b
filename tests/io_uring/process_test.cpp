// SPDX-License-Identifier: BSL-1.0
// Tests of the process around a Selector: it forks, waits in vfork(), and lowers its limits.
#include "child.hpp"
#include "io_uring_test.hpp"
#include "refused_enter.hpp"

#include <atomic>
#include <cerrno>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pollux::io_uring_tests {
namespace {

constexpr std::array modes{Mode::oneshot, Mode::level, Mode::edge};

bool is_foreign(const std::error_code& error) { return error == std::errc::no_such_process; }

/// Blocks the calling thread in vfork() until the pipe has a byte or no writer. Under ThreadSanitizer vfork() is
/// fork(): `has_passed` is set before then.
void block_in_vfork(const std::array<int, 2>& release, std::atomic<bool>& has_passed) {
    const pid_t child = vfork();
    if (child == 0) {
        char byte = 0;
        close(release[1]); // its own copy
        // NOLINTNEXTLINE(clang-analyzer-unix.Vfork): the memory is that of the parent, which is what is tried
        _exit(read(release[0], &byte, 1) == 1 ? 0 : 1);
    }
    has_passed = true;
    while (waitpid(child, nullptr, 0) == -1 && errno == EINTR) {}
}

// In a forked child each call returns no_such_process and makes no system call, nor does destruction; in the parent all
// watches continue.
TEST(Process, child_makes_no_system_call) {
    const auto fault = fault_in_child([]() -> std::string {
        auto selector = open_backend();
        auto& registrator = selector->registrator();
        std::array<Pair, 3> pairs;
        std::error_code error;
        for (std::size_t i = 0; i < 3; ++i)
            static_cast<void>(registrator.add(pairs[i].near, {Token{i}, Ready::readable, modes[i]}));
        select_once(*selector, 0ns, error);
        const pid_t child = fork();
        if (child == 0) {
            forbid_ring_calls();
            const Watch watch{Token{5}, Ready::readable, Mode::level};
            const Pair own;
            bool is_refused = is_foreign(registrator.add(own.near, watch)) && is_foreign(registrator.wake()) &&
                              is_foreign(registrator.modify(pairs[0].near, watch)) &&
                              is_foreign(registrator.remove(pairs[1].near));
            select_once(*selector, forever, error);
            is_refused = is_refused && is_foreign(error);
            selector.reset();
            _exit(is_refused ? 0 : 3);
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return "the child ends with " + std::to_string(status);
        if (!select_once(*selector, 10ms, error).empty() || error) return "the parent is not quiet";
        for (int round = 0; round < 3; ++round) {
            for (auto& pair : pairs) write_byte(pair.far);
            if (const auto seen = collect(*selector, 3); seen.size() != 3)
                return std::to_string(seen.size()) + " of 3 report";
            for (auto& pair : pairs) drain(pair.near);
            if (registrator.modify(pairs[0].near, {Token{0}, Ready::readable, Mode::oneshot})) return "modify() fails";
            if (registrator.wake() || collect(*selector, 1) != std::set{wake_token}) return "the wake is lost";
        }
        return "";
    });
    EXPECT_EQ(fault, "");
}

// remove() and wake() return while the selecting thread is in vfork(), which may never end; afterwards all watches
// work.
TEST(Process, selecting_thread_in_vfork) {
    const auto fault = fault_in_child([]() -> std::string {
        const auto selector = open_backend();
        auto& registrator = selector->registrator();
        std::array<Pair, 12> pairs;
        std::array<int, 2> release{};
        if (pipe(release.data()) == -1) return "no pipe";
        for (std::size_t i = 0; i < pairs.size(); ++i)
            static_cast<void>(registrator.add(pairs[i].near, {Token{i}, Ready::readable, modes[i % 3]}));
        std::atomic<bool> is_blocked = false, has_passed = false;
        std::set<Token> seen;
        std::thread selecting([&] {
            std::error_code error;
            select_once(*selector, 0ns, error);
            is_blocked = true;
            block_in_vfork(release, has_passed);
            seen = collect(*selector, 2);
        });
        while (!is_blocked) std::this_thread::yield();
        std::this_thread::sleep_for(50ms); // otherwise the removal is done before, which is allowed
        const bool is_really_blocked = !has_passed;
        std::atomic<bool> removed = false;
        std::atomic<int> wakes = 0;
        std::thread waking([&] {
            while (!removed && !registrator.wake()) {
                ++wakes;
                std::this_thread::sleep_for(1ms);
            }
        });
        std::error_code error;
        for (std::size_t i = 1; i < pairs.size() && !error; ++i) {
            error = registrator.remove(pairs[i].near);
            pairs[i].near.close();
        }
        removed = true;
        waking.join();
        write_byte(release[1]);
        write_byte(pairs[0].far);
        selecting.join();
        if (error) return "remove() returns: " + error.message();
        if (seen != std::set{Token{0}, wake_token}) return "a wake or an event is lost";
        for (std::size_t i = 1; i < pairs.size(); ++i) {
            if (!has_ended(pairs[i].far)) return "a source is still held";
        }
        // One call for each wait for the lock would be 2 or 3; a quarter of a second has room for hundreds.
        return wakes > 20 || !is_really_blocked ? "" : "only " + std::to_string(wakes) + " wakes while remove() waits";
    });
    EXPECT_EQ(fault, "");
}

// A limit of descriptors that was lowered after everything was open has no effect.
TEST(Process, lowered_descriptor_limit) {
    const auto fault = fault_in_child([]() -> std::string {
        const auto selector = open_backend();
        std::array<Pair, 3> pairs;
        for (std::size_t i = 0; i < 3; ++i)
            EXPECT_FALSE(selector->registrator().add(pairs[i].near, {Token{i}, Ready::readable, modes[i]}));
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 0;
        setrlimit(RLIMIT_NOFILE, &limit);
        for (auto& pair : pairs) write_byte(pair.far);
        const auto seen = collect(*selector, 3);
        return seen.size() == 3 ? "" : std::to_string(seen.size()) + " of 3 report";
    });
    EXPECT_EQ(fault, "");
}

// Below it the end of a pipe that is watched for writable is reported, as the kernel does. select(2) calls it readable.
TEST(Process, lowered_descriptor_limit_and_a_pipe_that_ends) {
    for (const Mode mode : modes) {
        const auto fault = fault_in_child([mode]() -> std::string {
            const auto selector = open_backend();
            std::array<int, 2> ends{};
            if (pipe(ends.data()) == -1) return "no pipe";
            EXPECT_FALSE(selector->registrator().add(ends[0], {Token{1}, Ready::writable, mode}));
            std::error_code error;
            select_once(*selector, 0ns, error);
            const rlimit none{0, 0};
            setrlimit(RLIMIT_NOFILE, &none);
            close(ends[1]);
            const auto events = select_once(*selector, patience, error);
            return events.size() == 1 && any(events[0].ready & Ready::closed) ? "" : "it is not reported";
        });
        EXPECT_EQ(fault, "") << static_cast<int>(mode);
    }
}

/// A source that hangs up when `other` is closed.
struct HangingUp {
    Descriptor source, other;
};

HangingUp make_local_with_unread_data() {
    Pair pair;
    write_byte(pair.far);
    return {std::move(pair.near), std::move(pair.far)};
}

HangingUp make_pipe_with_unread_data() {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) == -1) throw std::runtime_error("pipe failed");
    write_byte(ends[1]);
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

HangingUp make_terminal() {
    HangingUp made;
    made.other = Descriptor(posix_openpt(O_RDWR | O_NOCTTY));
    std::array<char, 64> name{};
    if (grantpt(made.other) == -1 || unlockpt(made.other) == -1 || ptsname_r(made.other, name.data(), name.size()) != 0)
        throw std::runtime_error("no terminal");
    made.source = Descriptor(::open(name.data(), O_RDWR | O_NOCTTY));
    return made;
}

// Below it a hang-up is reported to a watch for priority alone, which select(2) does not see: before and after
// modify(), in level mode each time, otherwise once.
TEST(Process, lowered_descriptor_limit_and_hang_ups) {
    for (const auto make : {make_local_with_unread_data, make_pipe_with_unread_data, make_terminal}) {
        for (const Mode mode : modes) {
            const auto fault = fault_in_child([=]() -> std::string {
                const auto selector = open_backend();
                auto made = make();
                const Watch watch{Token{1}, Ready::priority, mode};
                if (selector->registrator().add(made.source, watch)) return "add() fails";
                std::error_code error;
                if (!select_once(*selector, 0ns, error).empty()) return "it is reported before";
                const rlimit none{0, 0};
                setrlimit(RLIMIT_NOFILE, &none);
                made.other.close();
                for (const bool is_modified : {false, true}) {
                    if (is_modified && selector->registrator().modify(made.source, watch)) return "modify() fails";
                    const auto events = select_once(*selector, patience, error);
                    if (events.size() != 1 || !any(events[0].ready & Ready::closed)) return "it is not reported";
                    const bool repeats = !select_once(*selector, mode == Mode::level ? patience : 10ms, error).empty();
                    if (repeats != (mode == Mode::level)) return repeats ? "it is repeated" : "it is not repeated";
                }
                return "";
            });
            EXPECT_EQ(fault, "") << static_cast<int>(mode);
        }
    }
}

// A program that was started without standard streams does not print into the ring's descriptor.
TEST(Process, standard_streams_are_left_free) {
    const auto fault = fault_in_child([]() -> std::string {
        for (const int stream : {0, 1, 2}) close(stream);
        auto selector = open_backend();
        for (const int stream : {0, 1, 2}) {
            if (fcntl(stream, F_GETFD) != -1) return "descriptor " + std::to_string(stream) + " is taken";
        }
        const Pair first, second; // one of them is above the limit
        if (selector->registrator().add(second.near, {Token{1}, Ready::readable, Mode::level})) return "add() fails";
        write_byte(second.far);
        if (collect(*selector, 1).size() != 1) return "nothing is reported";
        const int highest = fcntl(second.near, F_DUPFD_CLOEXEC, 3);
        close(highest);
        selector.reset();
        const int next = fcntl(second.near, F_DUPFD_CLOEXEC, 3);
        return next < highest ? "" : "the ring stays open";
    });
    EXPECT_EQ(fault, "");
}

/// Opens at most `most` Selectors, until one is refused; returns their number, and the refusal.
std::pair<int, std::string> open_many(int most) {
    std::vector<std::unique_ptr<Selector>> selectors;
    std::string reason;
    while (static_cast<int>(selectors.size()) < most && reason.empty()) {
        Choice choice;
        if (auto selector = open({.backend = backend}, choice)) {
            selectors.push_back(std::move(selector));
        } else {
            reason = choice.text();
        }
    }
    return {static_cast<int>(selectors.size()), reason};
}

/// Becomes an ordinary user, whose rings the kernel counts, and limits them. Returns false if the process was one
/// already, since that user may have rings in other processes.
bool become_ordinary(rlim_t bytes) {
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_MEMLOCK, &limit);
    const auto own = static_cast<uid_t>(100'000 + getpid());
    return setresgid(own, own, own) == 0 && setresuid(own, own, own) == 0;
}

// Without memory for a ring, open() names the limit that has to be raised and its value.
TEST(Process, memory_limit_is_named) {
    const auto fault = fault_in_child([]() -> std::string {
        become_ordinary(4096);
        const auto [count, reason] = open_many(1);
        if (count == 1) return ""; // this kernel does not count rings
        const bool is_named = reason.find("RLIMIT_MEMLOCK, 4 KiB") != std::string::npos &&
                              reason.find("Cannot allocate memory") != std::string::npos;
        return is_named ? "" : reason;
    });
    EXPECT_EQ(fault, "");
}

// The memory of destroyed Selectors is available for new ones, although the kernel frees it later.
TEST(Process, memory_is_waited_for) {
    const auto fault = fault_in_child([]() -> std::string {
        raise_descriptor_limit();
        const bool is_alone = become_ordinary(std::size_t{512} * 1024);
        const int fit = is_alone ? open_many(1000).first : 6;
        for (int round = 0; round < 20; ++round) {
            const auto [count, reason] = open_many(fit);
            if (count < (is_alone ? fit : 1))
                return std::to_string(count) + " of " + std::to_string(fit) + ": " + reason;
        }
        return fit > 5 ? "" : "only " + std::to_string(fit) + " fit";
    });
    EXPECT_EQ(fault, "");
}

} // namespace
} // namespace pollux::io_uring_tests
