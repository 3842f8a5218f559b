// SPDX-License-Identifier: BSL-1.0
#include "timers.hpp"

#include <pollux/timer.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace pollux::loop {
namespace {

constexpr auto never = std::numeric_limits<std::uint64_t>::max();

std::uint64_t not_negative(std::chrono::nanoseconds time) noexcept {
    return static_cast<std::uint64_t>(std::max(time, time.zero()).count());
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept { return a > never - b ? never : a + b; }

} // namespace

std::uint64_t steady_now() noexcept { return not_negative(std::chrono::steady_clock::now().time_since_epoch()); }

std::uint64_t after(std::chrono::nanoseconds duration) noexcept { return sum(steady_now(), not_negative(duration)); }

void TimerSlot::close() noexcept {
    callback_.clear();
    timers_.slots_.give_back(*this);
}

void TimerSlot::set(std::chrono::nanoseconds after) noexcept {
    timers_.wheel_.cancel(*this);
    after_ = not_negative(after);
    unlink(); // behind all others that were set before this
    timers_.fresh_.push_back(*this);
    set_pending(true);
}

void TimerSlot::set(std::chrono::steady_clock::time_point at) noexcept {
    unlink();
    timers_.wheel_.rearm(*this, not_negative(at.time_since_epoch()));
    set_pending(true);
}

void TimerSlot::cancel() noexcept {
    unlink();
    timers_.wheel_.cancel(*this);
    set_pending(false);
}

TimerSlot& Timers::add(Callback<void()> callback, std::chrono::nanoseconds period) {
    auto& slot = slots_.take(agenda_, *this);
    slot.callback_ = std::move(callback);
    slot.period_ = not_negative(period);
    slot.missed_ = 0;
    return slot;
}

void Timers::settle(std::uint64_t now) noexcept {
    while (auto* slot = fresh_.pop_front()) wheel_.insert(*slot, sum(now, slot->after_));
}

void Timers::advance(std::uint64_t now) noexcept {
    now_ = now;
    over_limit_ = limit_ && now >= *limit_;
    settle(now);
    wheel_.advance(now);
}

TimerSlot* Timers::pop_due() noexcept {
    auto* node = wheel_.pop_due();
    if (!node) return nullptr;
    auto* slot = static_cast<TimerSlot*>(node);
    slot->period_ == 0 ? slot->set_pending(false) : set_again(*slot);
    return slot;
}

void Timers::set_again(TimerSlot& slot) noexcept {
    slot.missed_ = (now_ - slot.deadline()) / slot.period_;
    wheel_.insert(slot, sum(slot.deadline() + slot.missed_ * slot.period_, slot.period_));
}

std::optional<std::chrono::nanoseconds> Timers::quiet_time(std::uint64_t now) const noexcept {
    const auto expiry = wheel_.next_expiry();
    if (!expiry && !limit_) return std::nullopt;
    const auto end = std::min(expiry.value_or(never), limit_.value_or(never));
    constexpr auto longest = static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count());
    return std::chrono::nanoseconds(std::min(end - std::min(now, end), longest));
}

TimeLimit::TimeLimit(Timers& timers, std::chrono::nanoseconds duration) noexcept : timers_(timers) {
    timers_.limit_ = after(duration);
}

TimeLimit::~TimeLimit() {
    timers_.limit_.reset();
    timers_.over_limit_ = false;
}

void Timers::forget_handles() noexcept {
    for (auto& slot : slots_) slot.forget_handle();
}

} // namespace pollux::loop

namespace pollux {

void Timer::rearm(std::chrono::nanoseconds after) noexcept {
    if (handled()) static_cast<loop::TimerSlot&>(*handled()).set(after);
}

void Timer::rearm(std::chrono::steady_clock::time_point at) noexcept {
    if (handled()) static_cast<loop::TimerSlot&>(*handled()).set(at);
}

void Timer::cancel() noexcept {
    if (handled()) static_cast<loop::TimerSlot&>(*handled()).cancel();
}

bool Timer::is_pending() const noexcept {
    return handled() && static_cast<const loop::TimerSlot&>(*handled()).Slot::is_pending();
}

std::uint64_t Timer::missed() const noexcept {
    return handled() ? static_cast<const loop::TimerSlot&>(*handled()).missed() : 0;
}

} // namespace pollux
