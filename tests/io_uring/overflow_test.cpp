// SPDX-License-Identifier: BSL-1.0
// Tests of more completions than the ring has room for, and of sources whose requests end each time.
#include "child.hpp"
#include "io_uring_test.hpp"
#include "refused_enter.hpp"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

namespace pollux::io_uring_tests {
namespace {

/// ManyWatches are thousands of armed edge watches, fewer if the limit of descriptors is lower.
class ManyWatches {
  public:
    ManyWatches() : selector_(open_backend()) {
        const auto size = std::min<std::size_t>(4000, (raise_descriptor_limit() - 100) / 2);
        for (std::size_t i = 0; i < size; ++i) {
            auto& pair = pairs_.emplace_back();
            EXPECT_FALSE(selector_->registrator().add(pair.near, {Token{i}, Ready::readable, Mode::edge}));
        }
        std::error_code error;
        select_once(*selector_, 0ns, error);
    }

    std::size_t size() const { return pairs_.size(); }
    Selector& selector() { return *selector_; }
    void write_to(std::size_t index) { write_byte(pairs_[index].far); }
    void write_to_all() {
        for (std::size_t i = 0; i < size(); ++i) write_to(i);
    }

    /// Collects all events and reads all data; returns how many watches then report one more byte.
    std::size_t count_alive() {
        collect(selector(), size() + 1, 100ms);
        for (auto& pair : pairs_) drain(pair.near);
        collect(selector(), size() + 1, 100ms);
        write_to_all();
        return collect(selector(), size()).size();
    }

  private:
    std::vector<Pair> pairs_;
    std::unique_ptr<Selector> selector_; // destroyed first
};

/// The number of io_uring_enter(2) calls of a select() without events.
int calls_while_quiet(Selector& selector, const RefusedEnter& kernel) {
    const int before = kernel.calls();
    std::error_code error;
    const auto events = select_once(selector, 50ms, error);
    return events.empty() && !error ? kernel.calls() - before : 1'000'000;
}

// Edge watches all report again after completions have overflowed round after round.
TEST(Overflow, loses_no_edge) {
    ManyWatches watches;
    for (int round = 0; round < 6; ++round) {
        watches.write_to_all();
        std::error_code error;
        select_once(watches.selector(), 0ns, error);
        ASSERT_FALSE(error);
    }
    EXPECT_EQ(watches.count_alive(), watches.size());
}

// The same while two threads write to one source after the other and events are collected slowly.
TEST(Overflow, loses_no_edge_beside_writers) {
    ManyWatches watches;
    std::atomic<bool> stop = false;
    std::vector<std::thread> writers;
    for (std::size_t first : {std::size_t{0}, std::size_t{1}}) {
        writers.emplace_back([&watches, &stop, first] {
            for (int round = 0; round < 20 && !stop; ++round) {
                for (std::size_t i = first; i < watches.size() && !stop; i += 2) watches.write_to(i);
            }
        });
    }
    for (int round = 0; round < 60; ++round) {
        std::error_code error;
        select_once(watches.selector(), 0ns, error);
        std::this_thread::sleep_for(10ms);
    }
    stop = true;
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(watches.count_alive(), watches.size());
}

// An edge watch of a source that is always ready is reported once, and select() then sleeps instead of polling again.
TEST(Overflow, files_are_not_polled_again) {
    const auto fault = fault_in_child([]() -> std::string {
        RefusedEnter kernel;
        for (const char* path : {"/", "/proc/self/exe", "/dev/null"}) {
            const auto selector = open_backend();
            const Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
            EXPECT_FALSE(selector->registrator().add(file, {Token{1}, Ready::readable, Mode::edge}));
            if (collect(*selector, 1).size() != 1) return std::string(path) + " is not reported";
            const int calls = calls_while_quiet(*selector, kernel);
            if (calls > 5) return std::string(path) + " costs " + std::to_string(calls) + " calls";
        }
        return "";
    });
    EXPECT_EQ(fault, "");
}

// If no descriptor is left to determine whether a source is always ready, its watch is kept armed.
TEST(Overflow, files_stay_armed_without_a_free_descriptor) {
    const auto fault = fault_in_child([]() -> std::string {
        RefusedEnter kernel;
        const auto selector = open_backend();
        const Descriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        const rlimit none{0, limit.rlim_max};
        setrlimit(RLIMIT_NOFILE, &none);
        EXPECT_FALSE(selector->registrator().add(file, {Token{1}, Ready::readable, Mode::edge}));
        for (int i = 0; i < 3; ++i) {
            if (collect(*selector, 1).size() != 1) return "it is not reported again";
        }
        setrlimit(RLIMIT_NOFILE, &limit);
        collect(*selector, 2, 0ns);
        const int calls = calls_while_quiet(*selector, kernel);
        return calls <= 5 ? "" : std::to_string(calls) + " calls of a quiet select()";
    });
    EXPECT_EQ(fault, "");
}

// A source that can be polled and is not a socket is rearmed, too.
TEST(Overflow, other_sources_lose_no_edge) {
    const auto selector = open_backend();
    std::vector<Descriptor> counters;
    const auto size = std::min<std::size_t>(1500, raise_descriptor_limit() - 100);
    for (std::size_t i = 0; i < size; ++i) {
        counters.emplace_back(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        EXPECT_FALSE(selector->registrator().add(counters.back(), {Token{i}, Ready::readable, Mode::edge}));
    }
    std::error_code error;
    select_once(*selector, 0ns, error);
    for (int round = 0; round < 6; ++round) {
        for (const auto& counter : counters) eventfd_write(counter, 1);
        select_once(*selector, 0ns, error);
    }
    collect(*selector, size + 1, 100ms);
    for (const auto& counter : counters) drain(counter);
    for (const auto& counter : counters) eventfd_write(counter, 1);
    EXPECT_EQ(collect(*selector, size).size(), size);
}

} // namespace
} // namespace pollux::io_uring_tests
