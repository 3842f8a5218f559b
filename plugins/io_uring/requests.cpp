// SPDX-License-Identifier: BSL-1.0
#include "requests.hpp"

#include <pollux/time/deadline.hpp>

#include <cerrno>
#include <thread>
#include <utility>

#include <poll.h>

namespace pollux::io_uring {
namespace {

using namespace std::chrono_literals;

/// How long the destructor waits for the next completion of a request that it has cancelled.
constexpr auto drain_patience = 250ms;

/// Returns the user_data of the newest request of a watch: the index of its slot, and the generation of the request.
UserData user_data_of(SlotIndex index, const Slot& slot) noexcept {
    return UserData{std::uint64_t{slot.generation} << 32 | index};
}
SlotIndex index_in(UserData user_data) noexcept {
    return static_cast<SlotIndex>(static_cast<std::uint64_t>(user_data));
}
std::uint32_t generation_in(UserData user_data) noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(user_data) >> 32);
}

/// The user_data of requests whose completions are ignored.
constexpr UserData ignored{~std::uint64_t{0}};

/// Returns whether the request is edge-triggered: the kernel reports changes, and not the state.
bool is_multishot(const Slot& slot) noexcept { return slot.by_change || slot.watch.mode == Mode::edge; }

/// POLLPRI alone never completes a request (io_poll_wake() in io_uring/poll.c leaves it out of the match), but the
/// kernel announces out-of-band data as POLLRDBAND, too.
unsigned conditions_of(const Slot& slot) noexcept {
    const auto flags = static_cast<unsigned>(poll_flags_of(slot.watch.interest));
    return flags & POLLPRI ? flags | POLLRDBAND : flags;
}

SourceKind kind_at(SlotIndex index, Slot& slot) noexcept {
    if (slot.kind == SourceKind::unknown) slot.kind = kind_of(source_at(index));
    return slot.kind;
}

/// Records conditions that the source reports once: files such as /proc/self/mounts and /proc/pressure/cpu report
/// POLLPRI to one poll and not to the next. POLLPRI of a socket may be false, and the recheck finds it again if it is
/// true.
bool note_reported_once(SlotIndex index, Slot& slot, int result) noexcept {
    const bool is_requested = any(slot.watch.interest & Ready::priority);
    if (!is_requested || (result & POLLPRI) == 0 || kind_at(index, slot) == SourceKind::socket) return false;
    slot.reported_once = static_cast<std::int16_t>(slot.reported_once | (result & (POLLPRI | POLLERR)));
    return true;
}

} // namespace

std::error_code Requests::update() noexcept {
    // Most changes take one round. The bound is for a watch that changes again and again, since the kernel completes
    // each of its requests at once: it must not keep the lock.
    std::error_code error;
    for (std::size_t rounds = 8 + watches_.size() / 32; rounds > 0; --rounds) {
        // A request that is submitted while completions overflow may complete for that reason alone.
        while (!ring_.has_overflow() && !watches_.changed.empty() && ring_.space_left() >= 2)
            rearm(watches_.changed.pop());
        error = submit_and_reap();
        if (!error) error = std::exchange(failure_, {});
        if (error || (watches_.changed.empty() && !ring_.has_overflow())) break;
    }
    return error;
}

void Requests::rearm(SlotIndex index) noexcept {
    auto& slot = watches_[index];
    if (slot.requests > 0) ring_.prepare_cancel(user_data_of(index, slot), ignored);
    slot.armed = slot.reports;
    slot.rearm_later = false;
    if (!slot.reports) return;
    ++slot.generation;
    ++slot.requests;
    ++in_flight_;
    ring_.prepare_poll(source_at(index), conditions_of(slot), is_multishot(slot), user_data_of(index, slot));
}

bool Requests::prepare_cancel(SlotIndex index) noexcept {
    const auto& slot = watches_[index];
    return slot.requests == 0 || ring_.prepare_cancel(user_data_of(index, slot), ignored);
}

std::error_code Requests::confirm_release() noexcept {
    // The kernel posts the last completion shortly before it releases the source, but it does both under one lock,
    // which any further request has to take, even one that is refused because memory is short.
    ring_.prepare_nop(ignored);
    return submit();
}

std::error_code Requests::submit_wakeup() noexcept {
    if (ring_.has_completions()) return {}; // the thread that sleeps returns, or has returned and waits for the lock
    // While a thread sleeps, only cancellations and empty requests are prepared, which the kernel refused before; each
    // ends the sleep.
    if (!ring_.has_prepared()) ring_.prepare_nop(ignored);
    const auto error = submit();
    // A completion of another thread's request ends the sleep as well (EBUSY: the ring has no space for more).
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
    for (SlotIndex index = 0; index < watches_.size(); ++index) {
        watches_[index].reports = false;
        if (watches_[index].requests > 0) watches_.changed.push(index);
    }
    time::Deadline deadline(drain_patience);
    while (in_flight_ > 0 && deadline.left() > 0ns) {
        const auto before = in_flight_;
        auto error = update();
        if (in_flight_ < before) {
            deadline = time::Deadline(drain_patience);
            continue;
        }
        if (!error) error = ring_.sleep(1ms);
        if (error == std::errc::stream_timeout || error == std::errc::interrupted) continue;
        if (!error) continue;
        if (!is_transient(error)) return;
        std::this_thread::sleep_for(1ms);
    }
    confirm_release();
}

unsigned Requests::reap() noexcept {
    return ring_.reap([this](const Completion& completion) { on_completion(completion); });
}

void Requests::on_completion(const Completion& completion) noexcept {
    const SlotIndex index = index_in(completion.user_data);
    Slot* const slot = index == wake_index ? nullptr : watches_.find(index);
    if (!slot) return; // of a request that only ends a sleep, or a cancellation
    if (completion.is_last) {
        --slot->requests;
        --in_flight_;
    }
    if (!slot->armed || completion.user_data != user_data_of(index, *slot)) {
        // Of a watch or interest that was replaced or removed. A condition that modify() has overtaken still holds.
        const auto age = generation_in(completion.user_data) - slot->since - 1;
        const bool is_of_watch = slot->watched && age < slot->generation - slot->since;
        if (is_of_watch && slot->reports && completion.result > 0 &&
            note_reported_once(index, *slot, completion.result))
            watches_.recheck(index);
        return;
    }
    if (completion.is_last) slot->armed = false;
    if (completion.result < 0) {
        on_failure(index, -completion.result);
    } else {
        on_ready(index, *slot, completion);
    }
}

void Requests::on_failure(SlotIndex index, int error) noexcept {
    // Closed while registered, or impossible to wait for (EINVAL: it has no wait queue and is not ready, or has three).
    if (error == EBADF || error == EINVAL) return;
    watches_.changed.push(index);
    // ECANCELED without a cancellation: the thread that submitted it has ended.
    if (error != ECANCELED) failure_ = {error, std::generic_category()};
}

void Requests::on_ready(SlotIndex index, Slot& slot, const Completion& completion) noexcept {
    const auto reported = poll_flags_of(slot.watch.interest) | POLLERR | POLLHUP;
    const bool is_reported = (completion.result & reported) != 0;
    const bool was_multishot = is_multishot(slot);
    if (is_reported) {
        slot.end = static_cast<std::int16_t>(completion.result & (POLLHUP | POLLERR));
        note_reported_once(index, slot, completion.result);
        watches_.recheck(index);
    } else {
        slot.by_change = true; // POLLRDHUP is reported unasked (IO_POLL_UNMASK in io_uring/poll.c), and stays
    }
    if (!completion.is_last) return;
    if (!is_reported) {
        watches_.changed.push(index);
    } else if (was_multishot) {
        // A multishot request ends when the ring has no space for its completion, and when its source is always ready.
        const auto kind = kind_at(index, slot);
        // A terminal that has hung up has no wait queue any more, and no other source but a socket reports both.
        constexpr int hung_up = POLLHUP | POLLERR;
        const bool is_over = kind != SourceKind::socket && (completion.result & hung_up) == hung_up;
        if (is_over) return;
        if (kind == SourceKind::unknown) slot.rearm_later = true;
        if (kind == SourceKind::socket || kind == SourceKind::pollable) watches_.changed.push(index);
    }
}

} // namespace pollux::io_uring
