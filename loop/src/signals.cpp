// SPDX-License-Identifier: BSL-1.0
// The part of signals that is the same on every system. A handler may interrupt any instruction of any thread, so it
// touches lock-free atomics and rings a bell, and that is all.
#include "signals.hpp"

#include "forever.hpp"

#include <array>
#include <mutex>
#include <thread>

namespace pollux::loop {
namespace {

static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
              std::atomic<Inbox*>::is_always_lock_free && std::atomic<Bell*>::is_always_lock_free);

std::atomic<Inbox*> inboxes = nullptr;
std::atomic<int> handlers_running = 0;

/// What the signals of the process do is everybody's.
struct Process {
    ReadyMutex mutex;
    std::array<unsigned, signal_limit> watchers{};
};

Process& process() {
    static Forever<Process> only;
    return only.value;
}

std::size_t index(int signal) noexcept { return static_cast<std::size_t>(signal); }

Inbox& take_inbox() {
    for (auto* inbox = inboxes.load(); inbox; inbox = inbox->next) {
        if (!inbox->taken.exchange(true)) return *inbox;
    }
    auto* made = new Inbox;
    made->next = inboxes.load();
    while (!inboxes.compare_exchange_weak(made->next, made)) {}
    return *made;
}

} // namespace

void signal_arrived(int signal) noexcept {
    // Before all else: ~Signals waits for those who may have found its bell.
    handlers_running.fetch_add(1);
    for (auto* inbox = inboxes.load(); inbox; inbox = inbox->next) {
        if (!inbox->wanted[index(signal)].load()) continue;
        // Whoever set it has rung, or will, unless that failed: then each further signal is another try.
        const bool was_set = inbox->arrived[index(signal)].exchange(true);
        if (was_set && inbox->failure.load() == 0) continue;
        if (auto* bell = inbox->bell.load()) inbox->failure.store(bell->ring().value());
    }
    handlers_running.fetch_sub(1);
}

void lock_signals() noexcept { process().mutex.lock(); }
void unlock_signals() noexcept { process().mutex.unlock(); }

/// Handlers of other threads, which the parent has, do not end here; signals that have arrived were the parent's.
void begin_child_of_fork() noexcept {
    handlers_running.store(0);
    for (auto* inbox = inboxes.load(); inbox; inbox = inbox->next) {
        for (auto& arrived : inbox->arrived) arrived.store(false);
        inbox->failure.store(0);
    }
    unlock_signals();
}

Signals::Signals(const PollRegistrator& registrator) : bell_(registrator), inbox_(take_inbox()) {
    process(); // what can fail of it, before it is used below noexcept
    inbox_.failure.store(0);
    inbox_.bell.store(&bell_);
}

Signals::~Signals() {
    for (int signal = 1; signal < signal_limit; ++signal) {
        while (watchers_[index(signal)] != 0) remove(signal);
    }
    inbox_.bell.store(nullptr);
    while (handlers_running.load() != 0) std::this_thread::yield();
    inbox_.taken.store(false);
}

std::error_code Signals::add(int signal) noexcept {
    if (const auto error = is_called_around_fork()) return error;
    if (signal <= 0 || signal >= signal_limit) return make_error_code(std::errc::invalid_argument);
    {
        const std::lock_guard lock(process().mutex);
        auto& all = process().watchers[index(signal)];
        if (all == 0) {
            if (const auto error = catch_signal(signal)) return error;
        }
        ++all;
    }
    if (watchers_[index(signal)]++ == 0) {
        inbox_.arrived[index(signal)].store(false);
        inbox_.wanted[index(signal)].store(true);
    }
    return {};
}

void Signals::remove(int signal) noexcept {
    if (--watchers_[index(signal)] == 0) inbox_.wanted[index(signal)].store(false);
    const std::lock_guard lock(process().mutex);
    if (--process().watchers[index(signal)] == 0) release_signal(signal);
}

bool Signals::take(int signal) noexcept {
    return watchers_[index(signal)] != 0 && inbox_.arrived[index(signal)].exchange(false);
}

} // namespace pollux::loop
