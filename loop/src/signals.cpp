// SPDX-License-Identifier: BSL-1.0
// The part of signals that is the same on every system. A handler may interrupt any instruction of any thread, so it
// only accesses lock-free atomics and writes to a SignalPipe.
#include "signals.hpp"

#include "no_destructor.hpp"
#include "preallocated_mutex.hpp"

#include <array>
#include <thread>

namespace pollux::loop {
namespace {

static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
              std::atomic<PendingSignals*>::is_always_lock_free && std::atomic<SignalPipe*>::is_always_lock_free);

std::atomic<PendingSignals*> first_pending = nullptr;
std::atomic<int> handlers_running = 0;

/// A Process counts the watchers of each signal in the process, whose disposition all Loops share.
struct Process {
    PreallocatedMutex mutex;
    std::array<unsigned, signal_limit> watchers POLLUX_GUARDED_BY(mutex){};
};

Process& process() {
    static NoDestructor<Process> only;
    return only.value;
}

std::size_t index(int signal) noexcept { return static_cast<std::size_t>(signal); }

PendingSignals& acquire_pending_signals() {
    for (auto* pending = first_pending.load(); pending; pending = pending->next) {
        if (!pending->taken.exchange(true)) return *pending;
    }
    auto* made = new PendingSignals;
    made->next = first_pending.load();
    while (!first_pending.compare_exchange_weak(made->next, made)) {}
    return *made;
}

} // namespace

void signal_arrived(int signal) noexcept {
    // Before all else: ~Signals waits for handlers that may have loaded its pipe.
    handlers_running.fetch_add(1);
    for (auto* pending = first_pending.load(); pending; pending = pending->next) {
        if (!pending->wanted[index(signal)].load()) continue;
        // The handler that set it has woken the Loop, or will, unless that failed: then each further signal tries
        // again.
        const bool was_set = pending->arrived[index(signal)].exchange(true);
        if (was_set && pending->failure.load() == 0) continue;
        if (auto* pipe = pending->pipe.load()) pending->failure.store(pipe->submit_wakeup().value());
    }
    handlers_running.fetch_sub(1);
}

bool prepare_signals_for_fork() noexcept try {
    process();
    return true;
} catch (const std::system_error&) {
    return false;
}

// Not analysed: one locks and the other unlocks.
void lock_signals() noexcept POLLUX_NO_THREAD_SAFETY_ANALYSIS { process().mutex.lock(); }
void unlock_signals() noexcept POLLUX_NO_THREAD_SAFETY_ANALYSIS { process().mutex.unlock(); }

/// Resets what belongs to the parent: handlers that were running in its other threads, and signals that have arrived.
void begin_child_of_fork() noexcept {
    handlers_running.store(0);
    for (auto* pending = first_pending.load(); pending; pending = pending->next) {
        for (auto& arrived : pending->arrived) arrived.store(false);
        pending->failure.store(0);
    }
    unlock_signals();
}

Signals::Signals(const PollRegistrator& registrator)
    // process() is constructed here, where it may throw, since noexcept functions use it.
    : pipe_(registrator), pending_((process(), acquire_pending_signals())) {
    pending_.failure.store(0);
    pending_.pipe.store(&pipe_);
}

Signals::~Signals() {
    for (int signal = 1; signal < signal_limit; ++signal) {
        while (watchers_[index(signal)] != 0) remove(signal);
    }
    pending_.pipe.store(nullptr);
    while (handlers_running.load() != 0) std::this_thread::yield();
    pending_.taken.store(false);
}

std::error_code Signals::add(int signal) noexcept {
    if (const auto error = is_called_around_fork()) return error;
    if (signal <= 0 || signal >= signal_limit) return make_error_code(std::errc::invalid_argument);
    {
        const MutexLock lock(process().mutex);
        auto& all = process().watchers[index(signal)];
        if (all == 0) {
            if (const auto error = catch_signal(signal)) return error;
        }
        ++all;
    }
    if (watchers_[index(signal)]++ == 0) {
        pending_.arrived[index(signal)].store(false);
        pending_.wanted[index(signal)].store(true);
    }
    return {};
}

void Signals::remove(int signal) noexcept {
    if (--watchers_[index(signal)] == 0) pending_.wanted[index(signal)].store(false);
    const MutexLock lock(process().mutex);
    if (--process().watchers[index(signal)] == 0) release_signal(signal);
}

bool Signals::take(int signal) noexcept {
    return watchers_[index(signal)] != 0 && pending_.arrived[index(signal)].exchange(false);
}

} // namespace pollux::loop
