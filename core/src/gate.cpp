// SPDX-License-Identifier: BSL-1.0
#include "gate.hpp"

#include "file_system.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace pollux {

#ifndef NDEBUG
PollRegistrator::Gate::SoleCall::SoleCall(Gate& gate, const char* call) noexcept
    : caller_(gate.sole_caller_), before_(caller_.exchange(std::this_thread::get_id(), std::memory_order_relaxed)) {
    const bool is_sole = before_ == std::thread::id() || before_ == std::this_thread::get_id();
    if (is_sole || gate.is_foreign()) return; // a forked child has none of its parent's threads
    std::fprintf(stderr,
                 "pollux::Poll: %s was called while another thread is in poll() or reopen(): these and destruction "
                 "belong to one thread at a time; other threads use registrator(), and close() to end a poll()\n",
                 call);
    std::abort();
}
#endif

PollRegistrator::Gate::Gate(Registrator& registrator, bool remembers)
    : registrator_(&registrator), watches_(remembers ? std::make_unique<WatchTable>() : nullptr) {
    // On some systems the first use of these allocates memory: it may fail here, but not in noexcept functions.
    try {
        const MutexLock lock(mutex_);
        mutex_.wait_until(changed_, std::chrono::steady_clock::time_point()); // it is over on any clock
    } catch (const std::system_error&) {
        throw std::bad_alloc();
    }
}

void PollRegistrator::Gate::leave() noexcept {
    const auto before = state_.fetch_sub(one_call, std::memory_order_acq_rel);
    if ((before & (gone | replacing)) == 0) return;
    const MutexLock lock(mutex_);
    changed_.notify_all();
}

std::error_code PollRegistrator::Gate::add(Source source, const Watch& watch) noexcept {
    return pass([&](Registrator& registrator) {
        if (!watches_) return registrator.add(source, watch);
        // In most cases before the call: if memory for the watch were short after it, the watch might already have been
        // reported.
        auto* entry = WatchTable::is_low(source) ? watches_->find_or_make(source) : watches_->find(source);
        if (!entry && WatchTable::is_low(source)) return make_error_code(std::errc::not_enough_memory);
        if (entry) {
            entry->lock();
            const auto error = registrator.add(source, watch);
            error ? entry->unlock() : entry->unlock_with(watch);
            return error;
        }
        if (const auto error = registrator.add(source, watch)) return error;
        entry = watches_->find_or_make(source);
        if (!entry) {
            static_cast<void>(registrator.remove(source)); // the caller receives the error that came first
            return make_error_code(std::errc::not_enough_memory);
        }
        entry->lock();
        entry->unlock_with(watch);
        return std::error_code();
    });
}

std::error_code PollRegistrator::Gate::modify(Source source, const Watch& watch) noexcept {
    return pass([&](Registrator& registrator) {
        auto* const entry = watches_ ? watches_->find(source) : nullptr;
        if (!entry) return registrator.modify(source, watch);
        entry->lock();
        const auto error = registrator.modify(source, watch);
        error ? entry->unlock() : entry->unlock_with(watch);
        return error;
    });
}

std::error_code PollRegistrator::Gate::remove(Source source) noexcept {
    return pass([&](Registrator& registrator) {
        auto* const entry = watches_ ? watches_->find(source) : nullptr;
        if (!entry) return registrator.remove(source);
        entry->lock();
        const auto error = registrator.remove(source);
        // A source that the Selector does not know has no watch in the table either.
        !error || error == std::errc::no_such_file_or_directory ? entry->unlock_free() : entry->unlock();
        return error;
    });
}

std::error_code PollRegistrator::Gate::close() noexcept {
    state_.fetch_or(closed, std::memory_order_acq_rel);
    const auto error = pass([](Registrator& registrator) { return registrator.wake(); }, gone);
    // After either of these no poll() sleeps: the Poll is gone, or its threads are in another process.
    if (error == std::errc::operation_canceled || error == std::errc::no_such_process) return {};
    return error;
}

void PollRegistrator::Gate::close_for_good() noexcept {
    state_.fetch_or(closed | gone, std::memory_order_acq_rel);
    if (is_foreign()) return; // the parent's threads are not here to end their calls
    const MutexLock lock(mutex_);
    mutex_.wait(changed_, [this] { return state_.load(std::memory_order_acquire) < one_call; });
}

void PollRegistrator::Gate::wait_until_replaced() noexcept {
    const MutexLock lock(mutex_);
    mutex_.wait(changed_, [this] { return (state_.load(std::memory_order_acquire) & replacing) == 0; });
}

/// In a forked child: the calls, locks and waits of other threads have stayed with the parent.
void PollRegistrator::Gate::reset_in_child() noexcept {
    state_.fetch_and(closed | gone, std::memory_order_relaxed);
    // Not destroyed: another thread of the parent may have held them, and they own nothing where there is fork().
    std::construct_at(&mutex_);
    std::construct_at(&changed_);
    if (!watches_) return;
    watches_->visit_all([](Source, WatchTable::Entry& entry) {
        entry.break_lock();
        return std::error_code();
    });
}

void PollRegistrator::Gate::note_closed(bool check) noexcept {
    if (!watches_) return;
    watches_->visit_all([check](Source source, WatchTable::Entry& entry) {
        entry.set_closed(check && entry.watch() && !is_open(source));
        return std::error_code();
    });
}

std::error_code PollRegistrator::Gate::fill(Registrator& fresh) noexcept {
    if (watches_) {
        const auto error = watches_->visit_all([&](Source source, WatchTable::Entry& entry) {
            const auto watch = entry.watch();
            if (!watch || entry.is_closed()) return std::error_code();
            const auto refusal = fresh.add(source, *watch);
            if (refusal != std::errc::bad_file_descriptor) return refusal;
            entry.set_closed(true);
            return std::error_code();
        });
        if (error) return error;
    }
    if (const auto error = fresh.wake()) return error; // a wake of the old Selector may have been pending
    if (!watches_) return {};
    // The close of a source that was registered has ended its watch.
    return watches_->visit_all([](Source, WatchTable::Entry& entry) {
        if (entry.is_closed()) entry.unlock_free();
        return std::error_code();
    });
}

void PollRegistrator::Gate::end_replacing() noexcept {
    const MutexLock lock(mutex_);
    state_.fetch_and(~replacing, std::memory_order_acq_rel);
    changed_.notify_all();
}

std::error_code PollRegistrator::Gate::replace(Registrator& fresh) noexcept {
    if (is_closed()) return make_error_code(std::errc::operation_canceled);
    const bool is_child = is_foreign();
    if (is_child) {
        reset_in_child();
    } else {
        state_.fetch_or(replacing, std::memory_order_acq_rel);
        const MutexLock lock(mutex_);
        mutex_.wait(changed_, [this] { return state_.load(std::memory_order_acquire) < one_call; });
    }
    const auto error = fill(fresh);
    if (!error) {
        registrator_ = &fresh;
        if (is_child) owner_.store(OwnerProcess(), std::memory_order_release);
    }
    if (!is_child) end_replacing();
    return error;
}

} // namespace pollux
