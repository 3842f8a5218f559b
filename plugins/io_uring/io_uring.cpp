// SPDX-License-Identifier: BSL-1.0
// An io_uring(7) backend: poll requests in a ring, whose completions state which sources to recheck.
//
//     add, modify ──▶ changed ──▶ poll requests ──▶ kernel ──▶ completions ──▶ ready ──▶ poll(2) ──▶ events
//
// One lock guards all state, and is never held in a blocking call: select() sleeps in the ring without it. Changing a
// watch ends the sleep, so that select() submits its requests and sleeps again.
//
// A completion may be stale: the source was ready then, perhaps for more than was requested. So select() rechecks each
// source with poll(2) before it reports it, as epoll(7) does. A level watch stays in the queue until it is not ready.
// Only conditions that the recheck may not find again are taken from the completion: POLLPRI and with it POLLERR of a
// source that is no socket, and ends where a lowered RLIMIT_NOFILE makes poll(2) fail.
#include "requests.hpp"
#include "watches.hpp"

#include <pollux/mutex.hpp>
#include <pollux/posix.hpp>
#include <pollux/process.hpp>
#include <pollux/time/deadline.hpp>
#include <pollux/toolkit.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>

namespace {

using namespace pollux;
using namespace pollux::io_uring;
using posix::check;

constexpr std::size_t batch_size = 256; // larger batches gain nothing measurable

/// How long remove() waits for the thread in select(), where the kernel has to process a request. That takes
/// microseconds if the thread computes or sleeps, at worst a time slice; in vfork(2) the thread is suspended until the
/// child calls exec, which may be never.
constexpr std::chrono::milliseconds unregister_patience(250);

Ready ready_of(short flags) noexcept {
    Ready ready = Ready::none;
    if (flags & (POLLIN | POLLRDHUP | POLLHUP | POLLERR)) ready |= Ready::readable;
    if (flags & (POLLOUT | POLLHUP | POLLERR)) ready |= Ready::writable;
    if (flags & POLLPRI) ready |= Ready::priority;
    if (flags & (POLLRDHUP | POLLHUP)) ready |= Ready::closed;
    if (flags & POLLERR) ready |= Ready::failed;
    return ready;
}

std::error_code unknown() noexcept { return make_error_code(std::errc::no_such_file_or_directory); }
std::error_code other_process() noexcept { return make_error_code(std::errc::no_such_process); }

/// What this backend can do on this system.
constexpr Capabilities own_capabilities{
    .oneshot = {Support::native},
    .level = {Support::emulated, "io_uring polls are one-shot or edge-triggered: select() rechecks a reported "
                                 "watch, and rearms it when it is not ready"},
    .edge = {Support::native},
    .sockets = {Support::native},
    .pipes = {Support::native},
    .files = {Support::native},
    .priority = {Support::native},
    // "On an idle machine" allows for the 50 us of timer slack and the scheduler's delay.
    .timeout_resolution = std::chrono::microseconds(500),
};

std::error_code validate(Source source, const Watch& watch) noexcept {
    if (const auto error = toolkit::validate(watch, own_capabilities)) return error;
    // The kernel reports a closed source in a completion: too late for the caller.
    return check(fcntl(source, F_GETFD));
}

// More entries than 64 gained nothing measurable.
constexpr Option options[] = {
    {"entries", "64",
     "requests that one io_uring_enter(2) submits, from 8 to 4096; the kernel rounds up to a power of 2"}};

class IoUring final : public Selector, private Registrator {
  public:
    bool open(const OpenRequest& request, OpenFailure& failure) {
        std::uint32_t entries = 0;
        if (!toolkit::read_count(request, "entries", 8, 4096, entries, failure)) return false;
        const MutexLock lock(mutex_);
        watches_.make_slot_for(source_at(wake_index));
        return requests_.open(entries, failure);
    }

    ~IoUring() override {
        if (owner_.is_current()) requests_.cancel_and_drain();
    }

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return own_capabilities; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // not always: clear() calls system_category()
        if (!owner_.is_current() || buffer.empty()) {
            error = owner_.is_current() ? make_error_code(std::errc::invalid_argument) : other_process();
            return {};
        }
        const time::Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        const MutexLock lock(mutex_);
        is_unresponsive_ = false;
        for (;;) {
            error = requests_.update();
            if (unregistering_ > 0) reaped_.notify_all();
            const auto count = error ? 0 : report(buffer, error);
            if (count != 0) return buffer.first(count);
            if (error) return {};
            const auto left = timeout ? Timeout(deadline.left()) : forever;
            if (left == Timeout(std::chrono::nanoseconds::zero())) return {};
            if (!watches_.changed.empty()) {
                // Watches that the recheck found not ready are requested again before the sleep. Other threads may take
                // the lock in between.
                mutex_.unlock();
                mutex_.lock();
            } else if (!sleep(left, error)) {
                return {};
            }
        }
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override try {
        if (!owner_.is_current()) return other_process();
        if (const auto error = validate(source, watch)) return error;
        const MutexLock lock(mutex_);
        if (is_watched(source)) return make_error_code(std::errc::file_exists);
        watches_.make_slot_for(source);
        return change(index_of(source), watch);
    } catch (const std::exception&) { // bad_alloc, or length_error of a vector
        return make_error_code(std::errc::not_enough_memory);
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (!owner_.is_current()) return other_process();
        if (const auto error = validate(source, watch)) return error;
        const MutexLock lock(mutex_);
        return is_watched(source) ? change(index_of(source), watch) : unknown();
    }

    std::error_code remove(Source source) noexcept override {
        if (!owner_.is_current()) return other_process();
        const MutexLock lock(mutex_);
        if (!is_watched(source)) return unknown();
        watches_[index_of(source)].end_watch();
        unregister(index_of(source));
        return {};
    }

    std::error_code wake() noexcept override {
        if (!owner_.is_current()) return other_process();
        const MutexLock lock(mutex_);
        if (const auto error = end_sleep()) return error;
        watches_.recheck(wake_index);
        return {};
    }

    /// Cancels the requests of a source, and waits, with the lock released, until the kernel has released the source.
    /// Leaves that to update() if it times out because the kernel has no memory, or the thread in select() does not
    /// respond.
    void unregister(SlotIndex index) noexcept POLLUX_REQUIRES(mutex_) {
        const time::Deadline deadline(is_unresponsive_ ? std::chrono::milliseconds(1) : unregister_patience);
        std::chrono::nanoseconds pause = std::chrono::microseconds(50);
        bool is_prepared = false;
        std::error_code error;
        ++unregistering_;
        for (;;) {
            if (!is_prepared) is_prepared = requests_.prepare_cancel(index);
            error = asleep_ ? requests_.submit() : requests_.submit_and_reap();
            const auto& slot = watches_[index]; // another thread may have moved it, or watched its source again
            if (slot.requests == 0 || slot.watched || deadline.left() == std::chrono::nanoseconds::zero()) break;
            pause = std::min<std::chrono::nanoseconds>(2 * pause, std::chrono::milliseconds(1));
            if (!wait_for_completions(pause, error)) break;
        }
        --unregistering_;
        if (watches_[index].requests > 0) {
            watches_.changed.push(index); // for update() to cancel
            is_unresponsive_ = true;
        }
        requests_.confirm_release();
    }

    /// Waits until another thread has reaped completions, or there are some to reap. Returns false if that never
    /// happens.
    bool wait_for_completions(std::chrono::nanoseconds pause, std::error_code error) noexcept POLLUX_REQUIRES(mutex_) {
        if (!asleep_ && !error) {
            mutex_.unlock();
            error = sleep_unlocked(pause);
            mutex_.lock();
            if (!error || error == std::errc::stream_timeout || error == std::errc::interrupted) return true;
        }
        if (error && !is_transient(error)) return false;
        mutex_.wait_for(reaped_, pause); // the thread that sleeps in the ring reaps them
        return true;
    }

    /// Sleeps in the ring, whose file descriptor never changes. Not analysed: this is what a thread does with
    /// `requests_` while it does not have the lock.
    std::error_code sleep_unlocked(Timeout timeout) noexcept POLLUX_NO_THREAD_SAFETY_ANALYSIS {
        return requests_.sleep(timeout);
    }

    bool is_watched(Source source) noexcept POLLUX_REQUIRES(mutex_) {
        const Slot* const slot = watches_.find(index_of(source));
        return slot && slot->watched;
    }

    std::error_code change(SlotIndex index, const Watch& watch) noexcept POLLUX_REQUIRES(mutex_) {
        // This can fail, so it is first. The sleeping thread reads the table once this thread unlocks.
        if (const auto error = end_sleep()) return error;
        watches_[index].begin_watch(watch);
        watches_.changed.push(index);
        return {};
    }

    std::error_code end_sleep() noexcept POLLUX_REQUIRES(mutex_) {
        return asleep_ ? requests_.submit_wakeup() : std::error_code();
    }

    /// Sleeps, unlocked, until there is something to do; returns false after a signal or an error.
    bool sleep(Timeout timeout, std::error_code& error) noexcept POLLUX_REQUIRES(mutex_) {
        asleep_ = true;
        mutex_.unlock();
        const auto result = sleep_unlocked(timeout);
        mutex_.lock();
        asleep_ = false;
        if (result == std::errc::interrupted) return false;
        if (result != std::errc::stream_timeout) error = result;
        return !error;
    }

    /// Reports ready sources and wakes, in the order in which they became ready.
    std::size_t report(std::span<Event> buffer, std::error_code& error) noexcept POLLUX_REQUIRES(mutex_) {
        std::array<pollfd, batch_size> rechecks;
        std::size_t count = 0;
        while (count == 0 && !watches_.ready.empty() && !error) {
            std::size_t size = 0;
            while (size < std::min(buffer.size(), rechecks.size()) && !watches_.ready.empty()) {
                const SlotIndex index = watches_.ready.pop();
                // poll(2) ignores the wake, as its file descriptor is negative.
                if (watches_[index].needs_recheck)
                    rechecks[size++] = {source_at(index), poll_flags_of(watches_[index].watch.interest), 0};
            }
            error = check(posix::poll_now(std::span(rechecks).first(size)));
            for (const auto& [source, flags, seen] : std::span(rechecks).first(size)) {
                if (error) {
                    watches_.ready.push(index_of(source));
                } else if (const auto event = event_of(index_of(source), seen)) {
                    buffer[count++] = *event;
                }
            }
        }
        return count;
    }

    std::optional<Event> event_of(SlotIndex index, short seen) noexcept POLLUX_REQUIRES(mutex_) {
        auto& slot = watches_[index];
        slot.needs_recheck = false;
        if (index == wake_index) return Event{wake_token, Ready::none};
        // Otherwise the source would be requested again, and the kernel would complete the request at once.
        const std::int16_t end = std::exchange(slot.end, std::int16_t{0});
        if (seen == 0 && end != 0) seen = posix::recheck_end(source_at(index), end);
        // What was reported once stays for a watch that modify() makes interested in it again.
        const bool takes_once = any(slot.watch.interest & Ready::priority);
        const auto once = takes_once ? std::exchange(slot.reported_once, std::int16_t{0}) : std::int16_t{0};
        const Ready ready = ready_of(static_cast<short>(seen | once));
        if (!any(ready)) {
            if (!slot.armed) watches_.changed.push(index);
            return std::nullopt;
        }
        if (slot.rearm_later) watches_.changed.push(index);
        if (slot.watch.mode == Mode::level) watches_.recheck(index);
        if (slot.watch.mode == Mode::oneshot) {
            slot.reports = slot.armed = false;
            if (slot.requests > 0) watches_.changed.push(index);
        }
        return Event{slot.watch.token, ready};
    }

    const OwnerProcess owner_;
    Mutex mutex_;
    Watches watches_ POLLUX_GUARDED_BY(mutex_);
    Requests requests_ POLLUX_GUARDED_BY(mutex_){watches_};
    bool asleep_ POLLUX_GUARDED_BY(mutex_) = false;          // select(), in the ring
    bool is_unresponsive_ POLLUX_GUARDED_BY(mutex_) = false; // the thread in select(), at the last remove()
    int unregistering_ POLLUX_GUARDED_BY(mutex_) = 0;        // threads in unregister()
    std::condition_variable reaped_;                         // completions, while threads are in unregister()
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("io_uring", 50,
                       "Linux io_uring(7): poll requests in a ring, submitted to the kernel in batches");
const pollux::Plugin pollux_plugin =
    toolkit::plugin_of(pollux_description, toolkit::open_selector<IoUring>, &own_capabilities, options);
