// SPDX-License-Identifier: BSL-1.0
// Tests of timeouts, threads, signals and processes.
#include "kqueue_test.hpp"

#include <atomic>
#include <chrono>
#include <csignal>

#include <poll.h>
#include <pthread.h>

namespace {

using Clock = std::chrono::steady_clock;

// kqueue(2): "If timeout is a non-NULL pointer, it specifies a maximum interval to wait for an event"; "To effect a
// poll, the timeout argument should be non-NULL, pointing to a zero-valued timespec structure".
TEST_F(Kqueue, waits_for_its_timeout) {
    const auto start = Clock::now();
    const timespec moment{0, 3'000'000};
    EXPECT_EQ(wait(&moment).size(), 0U);
    EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(3));
}

// kqueue(2), ERRORS: "EINVAL The specified time limit or filter is invalid." XNU: itimerfix() refuses more than
// 100,000,000 seconds.
TEST_F(Kqueue, refuses_impossible_waits) {
    struct kevent event {};
    for (const timespec impossible : {timespec{-1, 0}, timespec{0, -1}, timespec{0, 1'000'000'000}}) {
        EXPECT_EQ(kevent(kq_, nullptr, 0, &event, 1, &impossible), -1);
        EXPECT_EQ(errno, EINVAL);
    }
    EXPECT_EQ(change(make(pair_[0], EVFILT_WRITE, EV_ADD)), 0);
    const timespec years{200'000'000, 0};
#ifdef KQUEUE_LAYOUT_DARWIN
    EXPECT_EQ(kevent(kq_, nullptr, 0, &event, 1, &years), -1);
#else
    EXPECT_EQ(kevent(kq_, nullptr, 0, &event, 1, &years), 1);
#endif
}

// kqueue(2): a nevents of zero "kevent() will return immediately even if there is a timeout specified unlike
// select(2)".
TEST_F(Kqueue, does_not_wait_without_an_eventlist) { EXPECT_EQ(kevent(kq_, nullptr, 0, nullptr, 0, nullptr), 0); }

// knote_enqueue() in FreeBSD's sys/kern/kern_event.c wakes the thread that sleeps in kqueue_scan(), whichever thread
// made the change.
TEST_F(Kqueue, wakes_for_what_other_threads_add) {
    for (int round = 0; round < 200; ++round) {
        std::thread adding([this] {
            send(pair_[1]);
            EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD)), 0);
        });
        EXPECT_EQ(next().ident, static_cast<std::uintptr_t>(pair_[0]));
        adding.join();
        drain(pair_[0]);
        EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_DELETE)), 0);
    }
}

// Many threads in one kevent(): each EV_CLEAR event is delivered to one of them, none is lost.
TEST_F(Kqueue, shares_events_among_threads) {
    constexpr int arrivals = 2'000;
    std::atomic<int> read_bytes = 0;
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD | EV_CLEAR)), 0);
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            while (read_bytes < arrivals) {
                const timespec moment{0, 10'000'000};
                struct kevent event {};
                if (kevent(kq_, nullptr, 0, &event, 1, &moment) != 1) continue;
                char byte = 0;
                while (read(pair_[0], &byte, 1) == 1) ++read_bytes;
            }
        });
    }
    for (int i = 0; i < arrivals; ++i) {
        while (write(pair_[1], "x", 1) != 1) std::this_thread::yield();
    }
    for (auto& reader : readers) reader.join();
    EXPECT_EQ(read_bytes, arrivals);
}

// close(2) beside a sleeping kevent(): a closed descriptor is never reported.
TEST_F(Kqueue, does_not_report_a_source_that_another_thread_closes) {
    std::atomic<bool> stop = false;
    std::thread changing([&] {
        while (!stop) {
            const int number = dup(pair_[0]);
            EXPECT_EQ(change(make(number, EVFILT_WRITE, EV_ADD)), 0);
            close(number);
        }
    });
    EXPECT_EQ(change(make(pipe_[1], EVFILT_WRITE, EV_ADD, 0, 7)), 0);
    for (int i = 0; i < 2'000; ++i) EXPECT_GE(wait(&patience).size(), 1U);
    stop = true;
    changing.join();
    EXPECT_EQ(pending_events().size(), 1U);
}

// kqueue(2), ERRORS: "EINTR A signal was delivered before the timeout expired and before any events were placed on the
// kqueue for return."
TEST_F(Kqueue, is_interrupted_by_signals) {
    struct sigaction interrupt {
    }, before{};
    interrupt.sa_handler = [](int) {};
    sigaction(SIGUSR1, &interrupt, &before);
    const auto waiting = pthread_self();
    std::atomic<bool> over = false;
    std::thread killing([&] {
        while (!over) {
            pthread_kill(waiting, SIGUSR1);
            std::this_thread::yield();
        }
    });
    struct kevent event {};
    EXPECT_EQ(kevent(kq_, nullptr, 0, &event, 1, &patience), -1);
    EXPECT_EQ(errno, EINTR);
    over = true;
    killing.join();
    sigaction(SIGUSR1, &before, nullptr);
}

// kqueue_poll(), FreeBSD sys/kern/kern_event.c: the descriptor is readable when events wait in it.
TEST_F(Kqueue, is_readable_when_events_are_pending) {
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD)), 0);
    pollfd watched{kq_, POLLIN, 0};
    EXPECT_EQ(poll(&watched, 1, 0), 0);
    send(pair_[1]);
    EXPECT_EQ(poll(&watched, 1, 5000), 1);
}

} // namespace
