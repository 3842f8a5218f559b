// SPDX-License-Identifier: BSL-1.0
#include "timers.hpp"

#include <pollux/timer.hpp>

#include <algorithm>
#include <ctime>
#include <limits>
#include <span>
#include <utility>

namespace pollux::loop {
namespace {

constexpr auto never = std::numeric_limits<std::uint64_t>::max();

std::uint64_t not_negative(std::chrono::nanoseconds time) noexcept {
    return static_cast<std::uint64_t>(std::max(time, time.zero()).count());
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept { return a > never - b ? never : a + b; }

/// The steady clock as it was some milliseconds ago, at a fifth of the cost where there is such a clock. Linux sets it
/// with each tick; where the processor that does so is taken away by a hypervisor, it is further behind.
std::uint64_t recently() noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
#else
    return steady_now();
#endif
}

static_assert(sizeof(TimerSlot) == 64);

} // namespace

std::uint64_t steady_now() noexcept { return not_negative(std::chrono::steady_clock::now().time_since_epoch()); }

std::uint64_t after(std::chrono::nanoseconds duration) noexcept { return sum(steady_now(), not_negative(duration)); }

void TimerSlot::call() { agenda_.timers->firing(*this).callback(); }

std::uint64_t TimerSlot::missed() const noexcept { return agenda_.timers->firing(*this).missed; }

void TimerSlot::close() noexcept {
    agenda_.timers->firing(*this).callback.clear();
    agenda_.timers->slots_.give_back(*this);
}

void TimerSlot::set(std::chrono::nanoseconds after) noexcept {
    auto& timers = *agenda_.timers;
    timers.take_out(*this); // behind all others that were set before this
    timers.add_fresh(*this, not_negative(after));
    set_pending(true);
}

void TimerSlot::set(std::chrono::steady_clock::time_point at) noexcept {
    auto& timers = *agenda_.timers;
    timers.take_out(*this);
    timers.insert(*this, not_negative(at.time_since_epoch()));
    set_pending(true);
}

void TimerSlot::cancel() noexcept {
    agenda_.timers->take_out(*this);
    set_pending(false);
}

TimerSlot& Timers::add(Callback<void()> callback, std::chrono::nanoseconds period) {
    if (firings_.size() == slots_.size()) firings_.emplace_back(); // for one more, should none be free
    auto& slot = slots_.take(agenda_);
    firing(slot) = {not_negative(period), 0, std::move(callback)};
    return slot;
}

void Timers::settle(std::uint64_t now) noexcept {
    for (const auto& [slot, after] : std::span(fresh_).first(std::exchange(fresh_count_, 0))) {
        if (!slot) continue;
        slot->place_ = 0;
        insert(*slot, sum(now, after));
    }
}

void Timers::take_out_fresh(TimerSlot& slot) noexcept {
    fresh_[slot.place_ - 1U].slot = nullptr;
    slot.place_ = 0;
    while (fresh_count_ != 0 && !fresh_[fresh_count_ - 1].slot) --fresh_count_;
}

void Timers::advance(std::uint64_t now) noexcept {
    now_ = now;
    over_limit_ = limit_ && now >= *limit_;
    settle(now);
    wheel_.advance(now);
    quiet_until_ = wheel_.next_expiry().value_or(never);
}

bool Timers::may_be_due() const noexcept {
    // Most timers are timeouts, and far. Those that are not have the clock read in each turn.
    constexpr std::uint64_t far = 100'000'000;
    if (limit_ || fresh_count_ != 0) return true;
    return wheel_.pending() != 0 && quiet_until_ < sum(recently(), far);
}

TimerSlot* Timers::pop_due() noexcept {
    auto* node = wheel_.pop_due();
    if (!node) return nullptr;
    auto* slot = static_cast<TimerSlot*>(node);
    auto& its = firing(*slot);
    its.period == 0 ? slot->set_pending(false) : set_again(*slot, its);
    return slot;
}

void Timers::set_again(TimerSlot& slot, Firing& firing) noexcept {
    firing.missed = (now_ - slot.deadline()) / firing.period;
    insert(slot, sum(slot.deadline() + firing.missed * firing.period, firing.period));
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
