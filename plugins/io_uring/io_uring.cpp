// SPDX-License-Identifier: BSL-1.0
// An io_uring(7) backend: poll requests in a ring, whose completions say which sources to recheck.
//
//     add, modify ──▶ changed ──▶ poll requests ──▶ kernel ──▶ completions ──▶ ready ──▶ poll(2) ──▶ events
//
// All is under one lock, under which nothing waits; select() sleeps in the ring unlocked. What changes meanwhile ends
// its sleep, so that it makes requests of the change and sleeps again.
//
// A completion is a hint: of what was ready once, and of more than was asked for. So what is reported was rechecked
// with poll(2), as epoll(7) does before it reports. Level stays in the queue until it is not ready. Only what such a
// recheck may not see again, POLLPRI of what is no socket, is taken from the completion.
#include "requests.hpp"
#include "watches.hpp"

#include <pollux/deadline.hpp>
#include <pollux/posix.hpp>
#include <pollux/process.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>

namespace {

using namespace pollux;
using namespace pollux::io_uring;
using posix::check;

constexpr std::size_t batch_size = 256; // more in one call gains nothing measurable

/// How long remove() waits for the thread that selects, which has to do the kernel's work of a request. A computing or
/// sleeping one does it in microseconds, a processor's turn later at worst; one in vfork(2) when its child has called
/// exec, which may be never.
constexpr std::chrono::milliseconds release_patience(250);

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
std::error_code foreign() noexcept { return make_error_code(std::errc::no_such_process); }

std::error_code refusal_of(Source source, const Watch& watch) noexcept {
    if (is_reserved(watch.token)) return make_error_code(std::errc::invalid_argument);
    if (watch.mode > Mode::edge) return make_error_code(std::errc::operation_not_supported);
    // The kernel would say so in a completion, later and to somebody else.
    return check(fcntl(source, F_GETFD));
}

class IoUring final : public Selector, private Registrator {
  public:
    bool open(OpenFailure& failure) noexcept try {
        watches_.make_place_for(source_at(place_of_wake));
        return requests_.open(failure);
    } catch (const std::bad_alloc&) {
        failure = {make_error_code(std::errc::not_enough_memory), "allocate"};
        return false;
    }

    ~IoUring() override {
        if (owner_.is_current()) requests_.cancel_and_drain();
    }

    Registrator& registrator() noexcept override { return *this; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // which looks up the category
        if (!owner_.is_current() || buffer.empty()) {
            error = owner_.is_current() ? make_error_code(std::errc::invalid_argument) : foreign();
            return {};
        }
        const Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        std::unique_lock lock(mutex_);
        is_unresponsive_ = false;
        for (;;) {
            error = requests_.update();
            if (releasing_ > 0) reaped_.notify_all();
            const auto count = error ? 0 : report(buffer, error);
            if (count != 0) return buffer.first(count);
            if (error) return {};
            const auto left = timeout ? Timeout(deadline.left()) : forever;
            if (left == Timeout(std::chrono::nanoseconds::zero())) return {};
            if (!watches_.changed.empty()) {
                // What was not ready after all is requested again before the sleep. Others have the lock in between.
                lock.unlock();
                lock.lock();
            } else if (!sleep(lock, left, error)) {
                return {};
            }
        }
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override try {
        if (!owner_.is_current()) return foreign();
        if (const auto error = refusal_of(source, watch)) return error;
        const std::lock_guard lock(mutex_);
        if (is_watched(source)) return make_error_code(std::errc::file_exists);
        watches_.make_place_for(source);
        return change(place_of(source), watch);
    } catch (const std::bad_alloc&) {
        return make_error_code(std::errc::not_enough_memory);
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (!owner_.is_current()) return foreign();
        if (const auto error = refusal_of(source, watch)) return error;
        const std::lock_guard lock(mutex_);
        return is_watched(source) ? change(place_of(source), watch) : unknown();
    }

    std::error_code remove(Source source) noexcept override {
        if (!owner_.is_current()) return foreign();
        std::unique_lock lock(mutex_);
        if (!is_watched(source)) return unknown();
        watches_[place_of(source)].end_watch();
        release(lock, place_of(source));
        return {};
    }

    std::error_code wake() noexcept override {
        if (!owner_.is_current()) return foreign();
        const std::lock_guard lock(mutex_);
        if (const auto error = end_sleep()) return error;
        watches_.recheck(place_of_wake);
        return {};
    }

    /// Has the kernel let go of a source, and waits for that with the lock released. It gives up, and leaves it to
    /// later calls, when the kernel has no memory for so long or the thread that selects does not respond.
    void release(std::unique_lock<std::mutex>& lock, Place place) noexcept {
        const Deadline deadline(is_unresponsive_ ? std::chrono::milliseconds(1) : release_patience);
        std::chrono::nanoseconds pause = std::chrono::microseconds(50);
        bool is_prepared = false;
        std::error_code error;
        ++releasing_;
        for (;;) {
            if (!is_prepared) is_prepared = requests_.prepare_cancel(place);
            error = asleep_ ? requests_.submit() : requests_.submit_and_reap();
            const auto& slot = watches_[place]; // another thread may have moved it, or watched its source again
            if (slot.requests == 0 || slot.watched || deadline.left() == std::chrono::nanoseconds::zero()) break;
            pause = std::min<std::chrono::nanoseconds>(2 * pause, std::chrono::milliseconds(1));
            if (!wait_for_completions(lock, pause, error)) break;
        }
        --releasing_;
        if (watches_[place].requests > 0) {
            watches_.changed.push(place); // for update() to cancel
            is_unresponsive_ = true;
        }
        requests_.confirm_release();
    }

    /// Waits until another thread has reaped completions, or there are some to reap. False when it never will.
    bool wait_for_completions(std::unique_lock<std::mutex>& lock, std::chrono::nanoseconds pause,
                              std::error_code error) noexcept {
        if (!asleep_ && !error) {
            lock.unlock();
            error = requests_.sleep(pause);
            lock.lock();
            if (!error || error == std::errc::stream_timeout || error == std::errc::interrupted) return true;
        }
        if (error && !is_passing(error)) return false;
        reaped_.wait_for(lock, pause); // the thread that sleeps in the ring reaps them
        return true;
    }

    bool is_watched(Source source) noexcept {
        const Slot* const slot = watches_.find(place_of(source));
        return slot && slot->watched;
    }

    std::error_code change(Place place, const Watch& watch) noexcept {
        // First, because it can fail; the sleeper looks at the table when this has unlocked.
        if (const auto error = end_sleep()) return error;
        watches_[place].begin_watch(watch);
        watches_.changed.push(place);
        return {};
    }

    std::error_code end_sleep() noexcept { return asleep_ ? requests_.submit_wakeup() : std::error_code(); }

    /// Sleeps, unlocked, until there is something to do; false after a signal or an error.
    bool sleep(std::unique_lock<std::mutex>& lock, Timeout timeout, std::error_code& error) noexcept {
        asleep_ = true;
        lock.unlock();
        const auto result = requests_.sleep(timeout);
        lock.lock();
        asleep_ = false;
        if (result == std::errc::interrupted) return false;
        if (result != std::errc::stream_timeout) error = result;
        return !error;
    }

    /// The events of what is ready, in the order in which it became so, and of wakes.
    std::size_t report(std::span<Event> buffer, std::error_code& error) noexcept {
        std::array<pollfd, batch_size> rechecks;
        std::size_t count = 0;
        while (count == 0 && !watches_.ready.empty() && !error) {
            std::size_t size = 0;
            while (size < std::min(buffer.size(), rechecks.size()) && !watches_.ready.empty()) {
                const Place place = watches_.ready.pop();
                // poll(2) ignores the wake, as its number is negative.
                if (watches_[place].needs_recheck)
                    rechecks[size++] = {source_at(place), poll_flags_of(watches_[place].watch.interest), 0};
            }
            error = check(posix::poll_now(std::span(rechecks).first(size)));
            for (const auto& [source, flags, seen] : std::span(rechecks).first(size)) {
                if (error) {
                    watches_.ready.push(place_of(source));
                } else if (const auto event = event_of(place_of(source), seen)) {
                    buffer[count++] = *event;
                }
            }
        }
        return count;
    }

    std::optional<Event> event_of(Place place, short seen) noexcept {
        auto& slot = watches_[place];
        slot.needs_recheck = false;
        if (place == place_of_wake) return Event{wake_token, Ready::none};
        const Ready ready = ready_of(static_cast<short>(seen | std::exchange(slot.reported_once, std::int16_t{0})));
        if (!any(ready)) {
            if (!slot.armed) watches_.changed.push(place);
            return std::nullopt;
        }
        if (slot.rearm_later) watches_.changed.push(place);
        if (slot.watch.mode == Mode::level) watches_.recheck(place);
        if (slot.watch.mode == Mode::oneshot) {
            slot.reports = slot.armed = false;
            if (slot.requests > 0) watches_.changed.push(place);
        }
        return Event{slot.watch.token, ready};
    }

    const OwnerProcess owner_;
    std::mutex mutex_; // of all that follows
    Watches watches_;
    Requests requests_{watches_};
    bool asleep_ = false;            // select(), in the ring
    bool is_unresponsive_ = false;   // the thread that selects, at the last remove()
    int releasing_ = 0;              // threads in release()
    std::condition_variable reaped_; // completions, while threads are in release()
};

std::unique_ptr<Selector> open(OpenFailure& failure) noexcept {
    std::unique_ptr<IoUring> selector(new (std::nothrow) IoUring);
    if (!selector) {
        failure = {make_error_code(std::errc::not_enough_memory), "allocate"};
    } else if (!selector->open(failure)) {
        selector.reset();
    }
    return selector;
}

} // namespace

POLLUX_DESCRIBE_PLUGIN("io_uring", 50,
                       "Linux io_uring(7): poll requests in a ring, handed to the kernel many at a time");
const pollux::Plugin pollux_plugin{
    .interface_version = pollux::interface_version,
    .size = sizeof(pollux::Plugin),
    .abi = pollux::abi_tag,
    .name = pollux_description.name,
    .summary = pollux_description.summary,
    .rank = pollux_description.rank,
    .capabilities =
        {
            .oneshot = {Support::native},
            .level = {Support::emulated, "io_uring polls once or for arrivals: a watch is armed again when not ready"},
            .edge = {Support::native},
            .sockets = {Support::native},
            .pipes = {Support::native},
            .files = {Support::native},
            .priority = {Support::native},
            // "On an idle machine" allows for the 50 us of timer slack and the scheduler's delay.
            .timeout_resolution = std::chrono::microseconds(500),
        },
    .open = open,
};
