// SPDX-License-Identifier: BSL-1.0
#include "requests.hpp"

#include <cerrno>
#include <utility>

#include <poll.h>

namespace pollux::io_uring {
namespace {

/// A multishot request that ends so often without a word in between is one for a file, which is ready once for all.
constexpr std::uint8_t most_endings = 3;

/// A request's name says where its watch is, and which of its requests it is.
Name name_of(Place place, const Slot& slot) noexcept { return Name{std::uint64_t{slot.generation} << 32 | place}; }
Place place_in(Name name) noexcept { return static_cast<Place>(static_cast<std::uint64_t>(name)); }

constexpr Name bell{place_of_wake};
constexpr Name nobody{~std::uint64_t{0}};

/// Whether the kernel is to tell changes, and not the state.
bool is_multishot(const Slot& slot) noexcept { return slot.by_change || slot.watch.mode == Mode::edge; }

/// POLLPRI alone never ends a request (io_poll_wake() in io_uring/poll.c leaves it out of the match), but out-of-band
/// data is announced as POLLRDBAND, too.
unsigned conditions_of(const Slot& slot) noexcept {
    const auto flags = static_cast<unsigned>(poll_flags_of(slot.watch.interest));
    return flags & POLLPRI ? flags | POLLRDBAND : flags;
}

} // namespace

Requests::~Requests() {
    if (!ring_.is_open()) return;
    // Else the kernel would let go of the sources when it comes to it, some time after the ring was closed.
    for (Place place = 0; place < watches_.size(); ++place) {
        watches_[place].reports = false;
        if (watches_[place].requests > 0) watches_.changed.push(place);
    }
    settle();
    for (Place place = 0; place < watches_.size(); ++place) hear_out(watches_[place]);
}

std::error_code Requests::settle() noexcept {
    std::error_code error;
    do {
        while (!watches_.changed.empty() && ring_.room() >= 2) renew(watches_.changed.pop());
        error = exchange();
        if (!error) error = std::exchange(failure_, {});
    } while (!error && !watches_.changed.empty());
    return error;
}

void Requests::renew(Place place) noexcept {
    auto& slot = watches_[place];
    if (slot.requests > 0) ring_.prepare_cancel(name_of(place, slot), nobody);
    slot.armed = slot.reports;
    if (!slot.reports) return;
    ++slot.generation;
    ++slot.requests;
    ring_.prepare_poll(source_at(place), conditions_of(slot), is_multishot(slot), name_of(place, slot));
}

void Requests::let_go(Place place) noexcept {
    const auto& slot = watches_[place];
    if (ring_.room() < 2) insist();
    if (slot.requests > 0) ring_.prepare_cancel(name_of(place, slot), nobody);
    hear_out(slot);
    // The last completion is there shortly before the request lets go of the source, but both happen under one lock of
    // the kernel, which any further request has to take.
    ring_.prepare_nothing(nobody);
    insist();
}

std::error_code Requests::ring_bell() noexcept {
    if (rung_) return {};
    std::error_code error;
    if (ring_.room() == 0) error = ring_.enter(); // what the kernel had no memory for
    if (!error) {
        ring_.prepare_nothing(bell);
        error = ring_.enter();
    }
    rung_ = !error;
    return error;
}

/// Hands over what is prepared, and takes what has come.
std::error_code Requests::exchange(unsigned completions) noexcept {
    const auto error = ring_.enter(completions);
    take();
    return error == std::errc::device_or_resource_busy ? std::error_code() : error;
}

/// The same until the kernel has the memory for it. False if it will never do it.
bool Requests::insist(unsigned completions) noexcept {
    for (;;) {
        const auto error = exchange(completions);
        if (error != std::errc::resource_unavailable_try_again) return !error;
    }
}

/// Waits for the last completion of each request. A thread that has handed one over may have to be interrupted.
void Requests::hear_out(const Slot& slot) noexcept {
    while (slot.requests > 0 && insist(1)) {}
}

void Requests::take() noexcept {
    ring_.take([this](const Completion& completion) { hear(completion); });
}

void Requests::hear(const Completion& completion) noexcept {
    if (completion.name == bell) rung_ = false;
    const Place place = place_in(completion.name);
    Slot* const slot = place == place_of_wake ? nullptr : watches_.find(place);
    if (!slot) return; // the bell, or nobody
    if (completion.is_last) --slot->requests;
    if (!slot->armed || completion.name != name_of(place, *slot)) return; // of a watch or interest that is gone
    if (completion.is_last) slot->armed = false;
    if (completion.result < 0) {
        hear_failure(place, -completion.result);
    } else {
        hear_ready(place, *slot, completion);
    }
}

void Requests::hear_failure(Place place, int error) noexcept {
    // Closed behind our back, or not to be waited for (EINVAL: it has no wait queue and is not ready, or has three).
    if (error == EBADF || error == EINVAL) return;
    watches_.changed.push(place);
    // Cancelled, and not by us: the thread that handed it over has ended.
    if (error != ECANCELED) failure_ = {error, std::system_category()};
}

void Requests::hear_ready(Place place, Slot& slot, const Completion& completion) noexcept {
    const auto asked = poll_flags_of(slot.watch.interest) | POLLERR | POLLHUP;
    const bool was_asked = (completion.result & asked) != 0;
    const bool was_multishot = is_multishot(slot);
    if (was_asked) {
        watches_.look_at(place);
    } else {
        slot.by_change = true; // POLLRDHUP comes unasked (IO_POLL_UNMASK in io_uring/poll.c), and stays
    }
    if (!completion.is_last) {
        slot.endings = 0;
    } else if (!was_asked || (was_multishot && ++slot.endings < most_endings)) {
        watches_.changed.push(place); // a multishot request ends when the ring has no room for what it says
    }
}

} // namespace pollux::io_uring
