// SPDX-License-Identifier: BSL-1.0
// Rules on signals that arrive while select() sleeps.
#include "../process.hpp"
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <vector>

#include <pthread.h>

namespace pollux::conformance {
namespace {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

/// Those that programs handle most; the suite uses none of them otherwise.
constexpr std::array handled_signals{SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGURG, SIGWINCH};

/// Counts the signals that are handled, while it exists.
class CountedSignals {
  public:
    explicit CountedSignals(int flags = 0) {
        count = 0;
        struct sigaction counting {};
        counting.sa_handler = [](int) { count.fetch_add(1); };
        counting.sa_flags = flags;
        for (std::size_t i = 0; i < handled_signals.size(); ++i) sigaction(handled_signals[i], &counting, &before_[i]);
    }
    ~CountedSignals() {
        for (std::size_t i = 0; i < handled_signals.size(); ++i) sigaction(handled_signals[i], &before_[i], nullptr);
    }
    CountedSignals(const CountedSignals&) = delete;
    CountedSignals& operator=(const CountedSignals&) = delete;

    static inline std::atomic<int> count = 0;

  private:
    std::array<struct sigaction, handled_signals.size()> before_{};
};

/// What a program sees of its signals: which the calling thread blocks, and the handler of each.
std::string signal_state() {
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    std::string text;
    for (int signal = 1; signal < 32; ++signal) {
        struct sigaction action {};
        const bool is_known = sigaction(signal, nullptr, &action) == 0;
        if (sigismember(&mask, signal) == 1) text += " " + std::to_string(signal) + " is blocked,";
        if (!is_known || action.sa_handler == SIG_DFL) continue;
        text += " " + std::to_string(signal) + (action.sa_handler == SIG_IGN ? " is ignored," : " is handled,");
    }
    return text;
}

} // namespace

// Signals neither prolong a timed select(), nor end it early unless a handler ran: signals that arrive until its end,
// and ones that stop in between; whether or not the handler has SA_RESTART.
RULE(signal, timeouts) {
    constexpr Nanoseconds wait = 40ms;
    const Nanoseconds most = longest(wait);
    const pthread_t selecting = pthread_self();
    // Returns how long select() takes, called again if a signal ends it, as a program does.
    const auto time_of_wait = [&](Nanoseconds of_signals) -> Nanoseconds {
        std::atomic<bool> stop = false;
        const auto start = Clock::now();
        Thread sender([&] {
            while (!stop && Clock::now() < start + of_signals) {
                pthread_kill(selecting, SIGUSR1);
                std::this_thread::sleep_for(1ms);
            }
        });
        for (Nanoseconds left = wait; left > 0ns; left = start + wait - Clock::now()) {
            const int handled = CountedSignals::count;
            const auto called = Clock::now();
            const auto seen = select(left);
            const bool is_early = Clock::now() - called < left;
            expect(seen.empty(), "expected: no event, seen: " + describe(seen));
            expect(!is_early || CountedSignals::count != handled,
                   "expected: select() waits for its timeout or a signal, seen: it returns early without one");
        }
        stop = true;
        return Clock::now() - start;
    };
    for (const int flags : {0, SA_RESTART}) {
        const CountedSignals signals(flags);
        for (const Nanoseconds of_signals : {Nanoseconds(wait / 2), patience}) {
            auto shortest = Nanoseconds::max();
            const auto begun = Clock::now();
            for (int tries = 0; shortest > most && (tries < 3 || Clock::now() - begun < patience); ++tries)
                shortest = std::min(shortest, time_of_wait(of_signals));
            expect(shortest <= most, "expected: select() ends within " + std::to_string(most.count() / 1000) +
                                         " us beside signals, seen: " + std::to_string(shortest.count() / 1000) +
                                         " us");
            if (has_failed()) return;
        }
    }
}

// The handler of a signal runs at once, within milliseconds, while its thread sleeps in select(), timed or endless.
RULE(signal, handled_at_once) {
    const CountedSignals signals;
    constexpr Nanoseconds most = 30ms;
    constexpr std::size_t tries = 9;
    for (const Timeout timeout : {Timeout(4 * patience), forever}) {
        std::atomic<bool> stop = false;
        std::atomic<int> number = 0;
        std::atomic<pthread_t> handle{};
        Thread sleeping([&] {
            std::array<Event, 4> buffer{};
            std::error_code error;
            handle = pthread_self();
            number = thread_number();
            while (!stop) selector().select(buffer, timeout, error);
        });
        while (number == 0) std::this_thread::yield();
        // The median: a signal that arrives between two short sleeps may be in time by chance.
        const auto median = [&] {
            std::array<Nanoseconds, tries> taken{};
            for (std::size_t i = 0; i < tries; ++i) {
                Recorder::current().note_progress();
                wait_until_asleep(number, [] { return false; });
                const int handled = CountedSignals::count;
                const auto start = Clock::now();
                pthread_kill(handle, handled_signals.at(i % handled_signals.size()));
                while (CountedSignals::count == handled && Clock::now() - start < patience)
                    std::this_thread::sleep_for(50us);
                taken.at(i) = Clock::now() - start;
                if (taken.at(i) >= patience) return taken.at(i);
            }
            std::ranges::nth_element(taken, taken.begin() + tries / 2);
            return taken.at(tries / 2);
        };
        const auto begun = Clock::now();
        auto best = median();
        while (best > most && Clock::now() - begun < patience) best = std::min(best, median());
        stop = true;
        wake();
        sleeping.join();
        expect(best <= most,
               "expected: the handler runs within 30 ms, seen: after " + std::to_string(best.count() / 1000) + " us");
    }
}

// No call changes which signals are blocked, or a handler, and a signal that the program blocks is neither handled
// while select() sleeps nor ends it.
RULE(signal, mask) {
    const CountedSignals signals;
    sigset_t blocked, before;
    sigemptyset(&blocked);
    for (const int signal : {SIGUSR2, SIGALRM, SIGTERM}) sigaddset(&blocked, signal);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto state = signal_state();
    const auto expect_unchanged = [&](const std::string& call) {
        expect(signal_state() == state, "expected after " + call + ":" + state + "\n    seen:" + signal_state());
    };
    {
        const auto other = open();
        expect_unchanged("open()");
        const auto pair = make_pair(Kind::local);
        add(pair.near, {Token{1}, Ready::readable, modes().front()});
        expect_unchanged("add()");
        const pthread_t selecting = pthread_self();
        for (const bool is_endless : {false, true}) {
            const auto start = Clock::now();
            Thread sender([&] {
                for (int i = 0; i < 10; ++i) {
                    for (const int signal : {SIGUSR2, SIGALRM, SIGTERM}) pthread_kill(selecting, signal);
                    std::this_thread::sleep_for(3ms);
                }
                static_cast<void>(registrator().wake());
            });
            const auto seen = select(is_endless ? forever : Timeout(patience));
            expect(Clock::now() - start >= 30ms && seen.size() == 1 && seen[0].token == wake_token,
                   "expected: a blocked signal does not end select(), seen: " + describe(seen));
        }
        expect(CountedSignals::count == 0, "expected: a blocked signal is not handled in select(), seen: it is");
        expect_unchanged("select() and wake()");
        modify(pair.near, {Token{2}, Ready::none, modes().front()});
        remove(pair.near);
        expect_unchanged("modify() and remove()");
    }
    destroy();
    expect_unchanged("the destructor");
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void link_signals_rules() {}

} // namespace pollux::conformance
