// SPDX-License-Identifier: BSL-1.0
// Tests of failing io_uring_enter(2) calls: no call blocks for ever, and none reports success without its effect.
#include "child.hpp"
#include "io_uring_test.hpp"
#include "refused_enter.hpp"

#include <pollux/time/deadline.hpp>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

namespace pollux::io_uring_tests {
namespace {

const std::array errors{EAGAIN, EBUSY, EINTR, ENOMEM, EPERM, EBADF, ENXIO, EINVAL};

std::string describe(int error) { return std::strerror(error); }

/// ArmedWatches are armed one-shot watches of the near ends of pairs.
class ArmedWatches {
  public:
    explicit ArmedWatches(std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) {
            EXPECT_FALSE(
                selector->registrator().add(pairs.emplace_back().near, {Token{i}, Ready::readable, Mode::oneshot}));
        }
        std::error_code error;
        select_once(*selector, 0ns, error);
    }

    std::unique_ptr<Selector> selector = open_backend();
    std::vector<Pair> pairs;
};

/// A SleepingThread is in select() without a timeout.
class SleepingThread {
  public:
    explicit SleepingThread(Selector& selector, const RefusedEnter& kernel)
        : calls_before_(kernel.calls()), thread_([this, &selector] {
              std::array<Event, 8> buffer{};
              std::error_code error;
              selector.select(buffer, forever, error);
              has_returned_ = true;
          }) {
        // The first call submits, the second sleeps: once it has begun, a wake has to be delivered to it.
        while (kernel.calls() < calls_before_ + 2) std::this_thread::yield();
    }
    ~SleepingThread() { thread_.join(); }
    bool has_returned() const { return has_returned_; }

  private:
    int calls_before_;
    std::atomic<bool> has_returned_ = false;
    std::thread thread_;
};

// The destructor of a Selector completes if any one of its calls is refused, and has then released all sources.
TEST(Refusal, destruction_completes_after_one) {
    for (int accepted = 0; accepted < 8; ++accepted) {
        const auto fault = fault_in_child([accepted]() -> std::string {
            raise_descriptor_limit();
            RefusedEnter kernel;
            ArmedWatches armed(400);
            kernel.refuse(EAGAIN, accepted, 1);
            armed.selector.reset();
            std::size_t held = 0;
            for (auto& pair : armed.pairs) {
                pair.near.close();
                held += !has_ended(pair.far);
            }
            return held == 0 ? "" : std::to_string(held) + " sources are still held";
        });
        EXPECT_EQ(fault, "") << "after " << accepted << " calls";
    }
}

// After a refusal that may pass, the destructor makes further calls. Without them the kernel would release the sources
// as well, but at any later time.
TEST(Refusal, destruction_continues_after_one_that_may_pass) {
    constexpr int submissions = 6; // more than 63 cancellations do not fit into one
    for (const int error : {EAGAIN, EBUSY, ENOMEM}) {
        for (int accepted = 0; accepted < submissions; ++accepted) {
            const auto fault = fault_in_child([=]() -> std::string {
                raise_descriptor_limit();
                RefusedEnter kernel;
                ArmedWatches armed(400);
                const int before = kernel.calls();
                kernel.refuse(error, accepted, 1);
                armed.selector.reset();
                const int calls = kernel.calls() - before;
                return calls > submissions ? "" : "it makes only " + std::to_string(calls) + " calls";
            });
            EXPECT_EQ(fault, "") << describe(error) << " after " << accepted << " calls";
        }
    }
}

// The destructor completes even if all its calls are refused from some moment on, with any error.
TEST(Refusal, destruction_completes_if_all_calls_are_refused) {
    for (const int error : errors) {
        for (const int accepted : {0, 1, 2}) {
            const auto fault = fault_in_child([=]() -> std::string {
                raise_descriptor_limit();
                RefusedEnter kernel;
                ArmedWatches armed(400);
                kernel.refuse(error, accepted);
                armed.selector.reset();
                return "";
            });
            EXPECT_EQ(fault, "") << describe(error) << " after " << accepted << " calls";
        }
    }
}

// remove() releases its source although some of its calls are refused: one, which the call that confirms the release
// would repair, or several.
TEST(Refusal, remove_releases_the_source_after_some) {
    for (const bool asleep : {false, true}) {
        for (int accepted = 0; accepted < 3; ++accepted) {
            for (const int refused : {1, 2, 3, 8}) {
                const auto fault = fault_in_child([=]() -> std::string {
                    RefusedEnter kernel;
                    ArmedWatches armed(2);
                    std::unique_ptr<SleepingThread> sleeping;
                    if (asleep) sleeping = std::make_unique<SleepingThread>(*armed.selector, kernel);
                    kernel.refuse(EAGAIN, accepted, refused);
                    const auto error = armed.selector->registrator().remove(armed.pairs[0].near);
                    armed.pairs[0].near.close();
                    const bool is_free = has_ended(armed.pairs[0].far);
                    kernel.accept();
                    write_byte(armed.pairs[1].far);
                    if (!asleep && collect(*armed.selector, 1) != std::set{Token{1}}) return "the other watch is lost";
                    sleeping.reset();
                    if (error) return error.message();
                    return is_free ? "" : "the source is still held";
                });
                EXPECT_EQ(fault, "") << refused << " refused after " << accepted << (asleep ? ", asleep" : "");
            }
        }
    }
}

// remove() returns and ends its watch although all its calls are refused, and the source is released when calls are
// accepted again: for one watch, and for more than the ring has room for.
TEST(Refusal, remove_returns_if_all_calls_are_refused) {
    for (const int error : errors) {
        for (const bool asleep : {false, true}) {
            for (const std::size_t count : {std::size_t{1}, std::size_t{100}}) {
                const auto fault = fault_in_child([=]() -> std::string {
                    RefusedEnter kernel;
                    ArmedWatches armed(count + 1);
                    auto& registrator = armed.selector->registrator();
                    std::unique_ptr<SleepingThread> sleeping;
                    if (asleep) sleeping = std::make_unique<SleepingThread>(*armed.selector, kernel);
                    kernel.refuse(error);
                    for (std::size_t i = 0; i < count; ++i) {
                        const Source source = armed.pairs[i].near;
                        auto outcome = registrator.remove(source);
                        if (outcome) return "remove() returns: " + outcome.message();
                        outcome = registrator.remove(source);
                        if (outcome != std::errc::no_such_file_or_directory) return "it is still watched";
                        armed.pairs[i].near.close();
                    }
                    kernel.accept();
                    write_byte(armed.pairs[count].far);
                    if (asleep) {
                        sleeping.reset();
                    } else if (collect(*armed.selector, 1) != std::set{Token{count}}) {
                        return "the other watch is lost";
                    }
                    const time::Deadline deadline(patience);
                    for (std::size_t i = 0; i < count; ++i) {
                        std::error_code ignored;
                        while (!has_ended(armed.pairs[i].far)) {
                            if (deadline.left() == 0ns) return "source " + std::to_string(i) + " is still held";
                            select_once(*armed.selector, 1ms, ignored);
                        }
                    }
                    return "";
                });
                EXPECT_EQ(fault, "") << describe(error) << ", " << count << " watches" << (asleep ? ", asleep" : "");
            }
        }
    }
}

// remove() does not collect the completions of other watches that have to end the sleep of another thread.
TEST(Refusal, remove_does_not_reap_while_a_thread_sleeps) {
    const auto fault = fault_in_child([]() -> std::string {
        RefusedEnter kernel;
        ArmedWatches armed(2);
        std::atomic<bool> has_returned = false;
        std::vector<Event> events;
        kernel.hold_others(1); // the first call submits, the second sleeps
        std::thread selecting([&] {
            std::error_code error;
            events = select_once(*armed.selector, forever, error);
            has_returned = true;
        });
        while (kernel.held_calls() == 0) std::this_thread::yield();
        write_byte(armed.pairs[1].far);
        // The cancellation is accepted. Later calls are not, since they would end the sleep.
        kernel.refuse(EAGAIN, 1);
        const auto outcome = armed.selector->registrator().remove(armed.pairs[0].near);
        kernel.accept();
        kernel.release_others();
        const time::Deadline deadline(5s);
        while (!has_returned && deadline.left() > 0ns) std::this_thread::yield();
        const bool was_woken = has_returned;
        static_cast<void>(armed.selector->registrator().wake());
        selecting.join();
        if (outcome) return "remove() returns: " + outcome.message();
        if (!was_woken) return "select() sleeps on";
        return events.size() == 1 && events[0].token == Token{1} ? "" : "the event of the other watch is lost";
    });
    EXPECT_EQ(fault, "");
}

// A wake() that could not be delivered returns an error each time, and the first one that can be ends the sleep.
TEST(Refusal, wake_returns_the_error) {
    for (const int error : errors) {
        const auto fault = fault_in_child([error]() -> std::string {
            RefusedEnter kernel;
            ArmedWatches armed(1);
            auto& registrator = armed.selector->registrator();
            const Pair late;
            int refused = 0;
            bool has_returned = true;
            std::error_code last;
            std::error_code add;
            {
                const SleepingThread sleeping(*armed.selector, kernel);
                kernel.refuse(error);
                // More than the ring has room for.
                for (int i = 0; i < 1000; ++i) refused += static_cast<bool>(registrator.wake());
                add = registrator.add(late.near, {Token{7}, Ready::readable, Mode::oneshot});
                kernel.accept();
                has_returned = sleeping.has_returned();
                last = registrator.wake();
                if (last) write_byte(armed.pairs[0].far);
            }
            if (last) return "wake() returns: " + last.message();
            if (has_returned) return "";
            if (!add) return "add() returns success";
            if (registrator.remove(late.near) != std::errc::no_such_file_or_directory) return "a failed add() is known";
            return refused == 1000 ? "" : std::to_string(refused) + " of 1000 were refused";
        });
        EXPECT_EQ(fault, "") << describe(error);
    }
}

// select() returns the error of a refused call, does not spin, and works when calls are accepted again.
TEST(Refusal, select_returns_the_error) {
    for (const int error : errors) {
        const auto fault = fault_in_child([error]() -> std::string {
            raise_descriptor_limit();
            RefusedEnter kernel;
            ArmedWatches armed(400);
            kernel.refuse(error);
            for (auto& pair : armed.pairs) {
                EXPECT_FALSE(armed.selector->registrator().modify(pair.near, {Token{9}, Ready::readable, Mode::edge}));
            }
            const int before = kernel.calls();
            std::error_code seen;
            for (int i = 0; i < 10; ++i) {
                if (!select_once(*armed.selector, patience, seen).empty()) return "events";
                if (!seen) return "no error";
            }
            if (const int calls = kernel.calls() - before; calls > 200) return std::to_string(calls) + " calls";
            kernel.accept();
            for (std::size_t i = 0; i < armed.pairs.size(); ++i) {
                const Watch watch{Token{i}, Ready::readable, Mode::edge};
                if (const auto outcome = armed.selector->registrator().modify(armed.pairs[i].near, watch))
                    return outcome.message();
                write_byte(armed.pairs[i].far);
            }
            const auto alive = collect(*armed.selector, armed.pairs.size());
            return alive.size() == armed.pairs.size() ? "" : std::to_string(alive.size()) + " of 400 report";
        });
        EXPECT_EQ(fault, "") << describe(error);
    }
}

// After all descriptors of a Selector were closed each call returns, and select() reports it.
TEST(Refusal, all_is_closed) {
    const auto fault = fault_in_child([]() -> std::string {
        ArmedWatches armed(10);
        for (int descriptor = 3; descriptor < 200; ++descriptor) close(descriptor);
        std::error_code error;
        for (int i = 0; i < 3; ++i) {
            select_once(*armed.selector, forever, error);
            if (error != std::errc::bad_file_descriptor) return "select() returns: " + error.message();
        }
        for (auto& pair : armed.pairs) {
            if (const auto outcome = armed.selector->registrator().remove(pair.near)) return outcome.message();
        }
        armed.selector.reset();
        return "";
    });
    EXPECT_EQ(fault, "");
}

} // namespace
} // namespace pollux::io_uring_tests
