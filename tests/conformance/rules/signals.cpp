// SPDX-License-Identifier: BSL-1.0
// Signals beside select(): POSIX only.
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <csignal>
#include <pthread.h>

namespace pollux::conformance {
namespace {

/// While it lives, SIGUSR1 interrupts system calls and does nothing else.
class Interruptions {
  public:
    Interruptions() {
        struct sigaction interrupt {};
        interrupt.sa_handler = [](int) {};
        sigaction(SIGUSR1, &interrupt, &before_);
    }
    ~Interruptions() { sigaction(SIGUSR1, &before_, nullptr); }
    Interruptions(const Interruptions&) = delete;
    Interruptions& operator=(const Interruptions&) = delete;

  private:
    struct sigaction before_ {};
};

} // namespace

// A signal may end select() with no event and no error; no event is lost or doubled.
RULE(signal, returns) {
    const Interruptions interruptions;
    constexpr int rounds = 300;
    const auto pair = make_pair(Kind::local);
    const pthread_t selecting = pthread_self();
    std::atomic<int> collected = 0;
    std::atomic<bool> stop = false;
    add(pair.near, {Token{1}, Ready::readable, Mode::oneshot});
    Thread writer([&] {
        for (int round = 0; round < rounds && !stop; ++round) {
            for (int i = 0; i < round % 4; ++i) pthread_kill(selecting, SIGUSR1);
            write(pair.far, "x");
            pthread_kill(selecting, SIGUSR1);
            while (collected <= round && !stop) std::this_thread::yield();
        }
    });
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
        const auto end = std::chrono::steady_clock::now() + patience;
        std::size_t events = 0;
        while (events == 0 && std::chrono::steady_clock::now() < end) events = select().size();
        expect(events == 1, "expected: one event, seen: " + std::to_string(events));
        expect(select(0ns).empty(), "expected: no second event");
        drain(pair.near);
        modify(pair.near, {Token{1}, Ready::readable, Mode::oneshot});
        collected = round + 1;
    }
    stop = true;
}

void link_signals_rules() {}

} // namespace pollux::conformance
