// SPDX-License-Identifier: BSL-1.0
// Tests of wakes and changes whose send(2), or epoll_ctl(2) with EPOLL_CTL_MOD, fails: the call returns the error,
// nothing has changed, and no other call depends on the failed one. The backends find these two functions in this
// program before those of libc.
#include "../harness/backends.hpp"

#include "../conformance/process.hpp"
#include "../conformance/sources.hpp"
#include "../harness/next_function.hpp"

#include <pollux/open.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <thread>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

/// Replaces a call in the calling thread, if it is set; returns an errno.
thread_local std::function<int()> instead_of_call;

int fail() {
    errno = instead_of_call();
    return -1;
}

} // namespace

extern "C" ssize_t send(int descriptor, const void* bytes, size_t count, int flags) {
    if (instead_of_call) return fail();
    return sendto(descriptor, bytes, count, flags, nullptr, 0);
}

extern "C" int epoll_ctl(int epoll, int operation, int source, epoll_event* event) noexcept {
    if (instead_of_call && operation == EPOLL_CTL_MOD) return fail();
    // Not by syscall(2): ThreadSanitizer learns from its own function what the kernel orders.
    static const auto system_function = pollux::harness::next_function(&epoll_ctl, "epoll_ctl");
    return system_function(epoll, operation, source, event);
}

namespace pollux::core_tests {

using namespace harness;
namespace {

using namespace std::chrono_literals;

class FailingWakes : public testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        ASSERT_EQ(setenv("POLLUX_PLUGIN_PATH", folder_of_plugins().c_str(), 1), 0);
        selector_ = open({.backend = GetParam()});
        ASSERT_TRUE(selector_);
    }

    Registrator& registrator() { return selector_->registrator(); }

    /// A Sleeper is a thread in select() until it has an event; it sleeps when the constructor returns.
    class Sleeper {
      public:
        explicit Sleeper(Selector& selector)
            : thread_([this, &selector] {
                  number_ = conformance::thread_number();
                  std::array<Event, 4> buffer{};
                  std::error_code error;
                  const auto seen = selector.select(buffer, std::chrono::seconds(30), error);
                  if (seen.size() == 1) token_ = seen[0].token;
                  has_ended_ = true;
              }) {
            while (number_ == 0) std::this_thread::yield();
            conformance::wait_until_asleep(number_, [this] { return has_ended_.load(); });
        }
        ~Sleeper() {
            if (thread_.joinable()) thread_.join();
        }
        Sleeper(const Sleeper&) = delete;
        Sleeper& operator=(const Sleeper&) = delete;

        bool has_ended() const { return has_ended_; }
        /// The token of the only event; wake_token - 1 if the number of events is not one.
        Token token() {
            thread_.join();
            return token_;
        }

      private:
        std::atomic<int> number_ = 0;
        std::atomic<bool> has_ended_ = false;
        Token token_{static_cast<std::uint64_t>(wake_token) - 1};
        std::thread thread_;
    };

    /// Makes the call with failing system calls, with an error that a kernel may return.
    std::error_code with_failing_calls(const std::function<std::error_code()>& call) {
        instead_of_call = [this] {
            ++failed_;
            return ENOMEM;
        };
        const auto error = call();
        instead_of_call = nullptr;
        return error;
    }

    std::unique_ptr<Selector> selector_;
    int failed_ = 0;
};

TEST_P(FailingWakes, each_is_reported_and_the_next_one_is_tried) {
    Sleeper sleeper(*selector_);
    for (int wake = 1; wake <= 5 && !sleeper.has_ended(); ++wake) {
        const auto error = with_failing_calls([&] { return registrator().wake(); });
        if (failed_ == 0) break; // this backend wakes by another call
        EXPECT_EQ(failed_, wake) << "wake " << wake << " was left to one that had failed";
        EXPECT_EQ(error, std::errc::not_enough_memory) << "wake " << wake;
    }
    EXPECT_EQ(registrator().wake(), std::error_code());
    EXPECT_EQ(sleeper.token(), wake_token);
    if (failed_ == 0) return;
    std::array<Event, 4> buffer{};
    std::error_code error;
    EXPECT_TRUE(selector_->select(buffer, 10ms, error).empty()) << "one of those that failed";
}

TEST_P(FailingWakes, a_change_that_fails_changes_nothing) {
    const auto pair = conformance::make_pair(conformance::Kind::local);
    const auto other = conformance::make_pair(conformance::Kind::local);
    const Watch watch{Token{1}, Ready::readable, Mode::level};
    ASSERT_EQ(registrator().add(other.near, {Token{2}, Ready::readable, Mode::oneshot}), std::error_code());
    Sleeper sleeper(*selector_);
    const auto added = with_failing_calls([&] { return registrator().add(pair.near, watch); });
    if (failed_ != 0) {
        EXPECT_EQ(added, std::errc::not_enough_memory);
        EXPECT_EQ(registrator().add(pair.near, watch), std::error_code());
    }
    // Asio may wake its reactor for the waits that this ends, and ignores an error of that: the watch is gone all the
    // same.
    const auto removed = with_failing_calls([&] { return registrator().remove(other.near); });
    if (removed) {
        EXPECT_EQ(removed, std::errc::not_enough_memory);
        EXPECT_EQ(registrator().remove(other.near), std::error_code());
    }
    ASSERT_EQ(conformance::write(pair.far, "x").bytes, 1U);
    EXPECT_EQ(sleeper.token(), Token{1});
}

/// While the first thread's system call is about to fail, a second one wakes: its result has to be true.
TEST_P(FailingWakes, one_beside_a_failing_one_does_not_depend_on_it) {
    for (int round = 0; round < 20; ++round) {
        Sleeper sleeper(*selector_);
        std::atomic<bool> writes = false, second_has_ended = false;
        std::atomic<int> second = 0;
        std::thread first([&] {
            instead_of_call = [&] {
                writes = true;
                while (second == 0) std::this_thread::yield();
                // The second call has returned, or waits for this one.
                conformance::wait_until_asleep(second, [&] { return second_has_ended.load(); });
                return ENOMEM;
            };
            static_cast<void>(registrator().wake());
            writes = true;
        });
        while (!writes) std::this_thread::yield();
        std::error_code error;
        std::thread other([&] {
            second = conformance::thread_number();
            error = registrator().wake();
            second_has_ended = true;
        });
        other.join();
        first.join();
        if (error) error = registrator().wake();
        EXPECT_EQ(error, std::error_code());
        EXPECT_EQ(sleeper.token(), wake_token);
        std::array<Event, 4> buffer{};
        while (!selector_->select(buffer, 0ns, error).empty()) {}
    }
}

INSTANTIATE_TEST_SUITE_P(Backends, FailingWakes, testing::ValuesIn(backends()),
                         [](const auto& backend) { return backend.param; });

} // namespace
} // namespace pollux::core_tests
