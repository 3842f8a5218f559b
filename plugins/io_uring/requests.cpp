// SPDX-License-Identifier: BSL-1.0
#include "requests.hpp"

#include <pollux/deadline.hpp>

#include <cerrno>
#include <thread>
#include <utility>

#include <poll.h>

namespace pollux::io_uring {
namespace {

using namespace std::chrono_literals;

/// How long the destructor waits for the next completion of a request that it has cancelled.
constexpr auto drain_patience = 250ms;

/// A request's name says where its watch is, and which of its requests it is.
Name name_of(Place place, const Slot& slot) noexcept { return Name{std::uint64_t{slot.generation} << 32 | place}; }
Place place_in(Name name) noexcept { return static_cast<Place>(static_cast<std::uint64_t>(name)); }
std::uint32_t generation_in(Name name) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(name) >> 32);
}

constexpr Name nobody{~std::uint64_t{0}};

/// Whether the kernel is to tell changes, and not the state.
bool is_multishot(const Slot& slot) noexcept { return slot.by_change || slot.watch.mode == Mode::edge; }

/// POLLPRI alone never ends a request (io_poll_wake() in io_uring/poll.c leaves it out of the match), but out-of-band
/// data is announced as POLLRDBAND, too.
unsigned conditions_of(const Slot& slot) noexcept {
    const auto flags = static_cast<unsigned>(poll_flags_of(slot.watch.interest));
    return flags & POLLPRI ? flags | POLLRDBAND : flags;
}

SourceKind kind_at(Place place, Slot& slot) noexcept {
    if (slot.kind == SourceKind::unknown) slot.kind = kind_of(source_at(place));
    return slot.kind;
}

/// Notes conditions that the kernel had to take from the source in order to report them: mounts, pressure and their
/// like report POLLPRI to one poll and not to the next. Of a socket it may be untrue, and is repeated if it is true.
bool note_reported_once(Place place, Slot& slot, int result) noexcept {
    const bool is_asked = any(slot.watch.interest & Ready::priority);
    if (!is_asked || (result & POLLPRI) == 0 || kind_at(place, slot) == SourceKind::socket) return false;
    slot.reported_once = static_cast<std::int16_t>(slot.reported_once | (result & (POLLPRI | POLLERR)));
    return true;
}

} // namespace

std::error_code Requests::update() noexcept {
    // Most of what changes takes one round. A watch that changes again and again, since the kernel ends each of its
    // requests at once, does not keep the lock.
    std::error_code error;
    for (std::size_t rounds = 8 + watches_.size() / 32; rounds > 0; --rounds) {
        // A request that is made while completions overflow may end for that reason alone.
        while (!ring_.has_overflow() && !watches_.changed.empty() && ring_.room() >= 2) rearm(watches_.changed.pop());
        error = submit_and_reap();
        if (!error) error = std::exchange(failure_, {});
        if (error || (watches_.changed.empty() && !ring_.has_overflow())) break;
    }
    return error;
}

void Requests::rearm(Place place) noexcept {
    auto& slot = watches_[place];
    if (slot.requests > 0) ring_.prepare_cancel(name_of(place, slot), nobody);
    slot.armed = slot.reports;
    slot.rearm_later = false;
    if (!slot.reports) return;
    ++slot.generation;
    ++slot.requests;
    ++in_flight_;
    ring_.prepare_poll(source_at(place), conditions_of(slot), is_multishot(slot), name_of(place, slot));
}

bool Requests::prepare_cancel(Place place) noexcept {
    const auto& slot = watches_[place];
    return slot.requests == 0 || ring_.prepare_cancel(name_of(place, slot), nobody);
}

std::error_code Requests::confirm_release() noexcept {
    // The last completion is there shortly before the request lets go of the source, but both happen under one lock of
    // the kernel, which any further request has to take, also one that is refused for want of memory.
    ring_.prepare_nothing(nobody);
    return submit();
}

std::error_code Requests::submit_wakeup() noexcept {
    if (ring_.has_completions()) return {}; // the sleeper returns, or has returned and waits for the lock
    // While a thread sleeps, only cancellations and empty requests are prepared, which were refused before; each ends
    // the sleep.
    if (!ring_.has_prepared()) ring_.prepare_nothing(nobody);
    const auto error = submit();
    // What another thread's request has brought meanwhile ends the sleep as well (EBUSY: there is no room for more).
    return error && ring_.has_completions() ? std::error_code() : error;
}

std::error_code Requests::submit_and_reap() noexcept {
    constexpr int most_busy = 8;
    for (int busy = 0;; ++busy) {
        const auto error = ring_.enter();
        const auto reaped = reap();
        if (error != std::errc::device_or_resource_busy || reaped == 0 || busy == most_busy) return error;
    }
}

void Requests::cancel_and_drain() noexcept {
    if (!ring_.is_open()) return;
    for (Place place = 0; place < watches_.size(); ++place) {
        watches_[place].reports = false;
        if (watches_[place].requests > 0) watches_.changed.push(place);
    }
    Deadline deadline(drain_patience);
    while (in_flight_ > 0 && deadline.left() > 0ns) {
        const auto before = in_flight_;
        auto error = update();
        if (in_flight_ < before) {
            deadline = Deadline(drain_patience);
            continue;
        }
        if (!error) error = ring_.sleep(1ms);
        if (error == std::errc::stream_timeout || error == std::errc::interrupted) continue;
        if (!error) continue;
        if (!is_passing(error)) return;
        std::this_thread::sleep_for(1ms);
    }
    confirm_release();
}

unsigned Requests::reap() noexcept {
    return ring_.take([this](const Completion& completion) { on_completion(completion); });
}

void Requests::on_completion(const Completion& completion) noexcept {
    const Place place = place_in(completion.name);
    Slot* const slot = place == place_of_wake ? nullptr : watches_.find(place);
    if (!slot) return; // of a request that only ends a sleep, or of a cancellation
    if (completion.is_last) {
        --slot->requests;
        --in_flight_;
    }
    if (!slot->armed || completion.name != name_of(place, *slot)) {
        // Of a watch or interest that is gone. What modify() has overtaken is ready all the same.
        const auto age = generation_in(completion.name) - slot->since - 1;
        const bool is_of_watch = slot->watched && age < slot->generation - slot->since;
        if (is_of_watch && slot->reports && completion.result > 0 &&
            note_reported_once(place, *slot, completion.result))
            watches_.recheck(place);
        return;
    }
    if (completion.is_last) slot->armed = false;
    if (completion.result < 0) {
        on_failure(place, -completion.result);
    } else {
        on_ready(place, *slot, completion);
    }
}

void Requests::on_failure(Place place, int error) noexcept {
    // Closed while registered, or not to be waited for (EINVAL: it has no wait queue and is not ready, or has three).
    if (error == EBADF || error == EINVAL) return;
    watches_.changed.push(place);
    // Cancelled, and not by us: the thread that handed it over has ended.
    if (error != ECANCELED) failure_ = {error, std::system_category()};
}

void Requests::on_ready(Place place, Slot& slot, const Completion& completion) noexcept {
    const auto asked = poll_flags_of(slot.watch.interest) | POLLERR | POLLHUP;
    const bool was_asked = (completion.result & asked) != 0;
    const bool was_multishot = is_multishot(slot);
    if (was_asked) {
        note_reported_once(place, slot, completion.result);
        watches_.recheck(place);
    } else {
        slot.by_change = true; // POLLRDHUP comes unasked (IO_POLL_UNMASK in io_uring/poll.c), and stays
    }
    if (!completion.is_last) return;
    if (!was_asked) {
        watches_.changed.push(place);
    } else if (was_multishot) {
        // A multishot request ends when the ring has no room for what it reports, and when its source is always ready.
        const auto kind = kind_at(place, slot);
        if (kind == SourceKind::unknown) slot.rearm_later = true;
        // A terminal that has hung up has no wait queue any more, and nothing else reports both.
        constexpr int hung_up = POLLHUP | POLLERR;
        const bool is_over = kind == SourceKind::pollable && (completion.result & hung_up) == hung_up;
        if (kind == SourceKind::socket || (kind == SourceKind::pollable && !is_over)) watches_.changed.push(place);
    }
}

} // namespace pollux::io_uring
