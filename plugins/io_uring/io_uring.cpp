// SPDX-License-Identifier: BSL-1.0
// The io_uring(7) backend: the kernel polls, and says in a ring of completions what is worth a look.
//
//     add, modify ──▶ changed ──▶ poll requests ──▶ kernel ──▶ completions ──▶ ready ──▶ poll(2) ──▶ events
//
// All is under one lock; select() sleeps in the ring unlocked. What changes meanwhile ends its sleep, so that it makes
// requests of the change and sleeps again.
//
// A completion is a hint: of what was ready once, and of more than was asked for. So what is reported was looked at
// with poll(2), as epoll(7) looks again before it reports. Level stays in the queue until it is not ready.
#include "requests.hpp"
#include "watches.hpp"

#include <pollux/deadline.hpp>
#include <pollux/posix.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <new>
#include <optional>

#include <fcntl.h>
#include <poll.h>

namespace {

using namespace pollux;
using namespace pollux::io_uring;
using posix::check;

constexpr std::size_t batch_size = 256; // more in one call gains nothing measurable

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

std::error_code refusal_of(Source source, const Watch& watch) noexcept {
    if (is_reserved(watch.token)) return make_error_code(std::errc::invalid_argument);
    if (watch.mode > Mode::edge) return make_error_code(std::errc::operation_not_supported);
    // The kernel would say so in a completion, later and to somebody else.
    return check(fcntl(source, F_GETFD));
}

std::error_code look(std::span<pollfd> sources) noexcept {
    int result = 0;
    do {
        result = poll(sources.data(), sources.size(), 0);
    } while (result == -1 && errno == EINTR);
    return check(result);
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

    Registrator& registrator() noexcept override { return *this; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // which looks up the category
        if (buffer.empty()) {
            error = make_error_code(std::errc::invalid_argument);
            return {};
        }
        const Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        std::unique_lock lock(mutex_);
        for (bool awake = true; awake && !error;) {
            error = requests_.settle();
            const auto count = error ? 0 : report(buffer, error);
            if (count != 0) return buffer.first(count);
            // What was not ready after all is asked for again before the sleep.
            if (error || !watches_.changed.empty()) continue;
            const auto left = timeout ? Timeout(deadline.left()) : forever;
            awake = left != Timeout(std::chrono::nanoseconds::zero()) && sleep(lock, left, error);
        }
        return {};
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override try {
        if (const auto error = refusal_of(source, watch)) return error;
        const std::lock_guard lock(mutex_);
        if (is_watched(source)) return make_error_code(std::errc::file_exists);
        watches_.make_place_for(source);
        return change(place_of(source), watch);
    } catch (const std::bad_alloc&) {
        return make_error_code(std::errc::not_enough_memory);
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (const auto error = refusal_of(source, watch)) return error;
        const std::lock_guard lock(mutex_);
        return is_watched(source) ? change(place_of(source), watch) : unknown();
    }

    std::error_code remove(Source source) noexcept override {
        const std::lock_guard lock(mutex_);
        if (!is_watched(source)) return unknown();
        auto& slot = watches_[place_of(source)];
        slot.watched = slot.reports = slot.armed = slot.worth_a_look = false;
        requests_.let_go(place_of(source));
        // What a sleeper would have woken for may have been heard here.
        while (end_sleep() == std::errc::resource_unavailable_try_again) {}
        return {};
    }

    std::error_code wake() noexcept override {
        const std::lock_guard lock(mutex_);
        if (const auto error = end_sleep()) return error;
        watches_.look_at(place_of_wake);
        return {};
    }

    bool is_watched(Source source) noexcept {
        const Slot* const slot = watches_.find(place_of(source));
        return slot && slot->watched;
    }

    std::error_code change(Place place, const Watch& watch) noexcept {
        // First, because it can fail; the sleeper looks at the table when this has unlocked.
        if (const auto error = end_sleep()) return error;
        auto& slot = watches_[place];
        slot.watch = watch;
        slot.watched = true;
        slot.reports = poll_flags_of(watch.interest) != 0;
        slot.armed = slot.by_change = slot.worth_a_look = false;
        slot.endings = 0;
        watches_.changed.push(place);
        return {};
    }

    std::error_code end_sleep() noexcept { return asleep_ ? requests_.ring_bell() : std::error_code(); }

    /// Sleeps, unlocked, until it is worth another look; false after a signal or an error.
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
        std::array<pollfd, batch_size> looks;
        std::size_t count = 0;
        while (count == 0 && !watches_.ready.empty() && !error) {
            std::size_t size = 0;
            while (size < std::min(buffer.size(), looks.size()) && !watches_.ready.empty()) {
                const Place place = watches_.ready.pop();
                // poll(2) ignores the wake, as its number is negative.
                if (watches_[place].worth_a_look)
                    looks[size++] = {source_at(place), poll_flags_of(watches_[place].watch.interest), 0};
            }
            error = look(std::span(looks).first(size));
            for (const auto& [source, flags, seen] : std::span(looks).first(size)) {
                if (error) {
                    watches_.ready.push(place_of(source));
                } else if (const auto event = event_of(place_of(source), ready_of(seen))) {
                    buffer[count++] = *event;
                }
            }
        }
        return count;
    }

    std::optional<Event> event_of(Place place, Ready ready) noexcept {
        auto& slot = watches_[place];
        slot.worth_a_look = false;
        if (place == place_of_wake) return Event{wake_token, Ready::none};
        slot.endings = 0;
        if (!any(ready)) {
            if (!slot.armed) watches_.changed.push(place);
            return std::nullopt;
        }
        if (slot.watch.mode == Mode::level) watches_.look_at(place);
        if (slot.watch.mode == Mode::oneshot) {
            slot.reports = slot.armed = false;
            if (slot.requests > 0) watches_.changed.push(place);
        }
        return Event{slot.watch.token, ready};
    }

    std::mutex mutex_; // of all that follows
    Watches watches_;
    Requests requests_{watches_};
    bool asleep_ = false; // select(), in the ring
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
