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

std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept { return a > never - b ? never : a + b; }

/// Returns the steady clock as it was some milliseconds ago, at a fifth of the cost where there is such a clock. Linux
/// updates it with each tick; it is further behind while a hypervisor does not run the processor that does so.
std::uint64_t recently() noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
#else
    return steady_now();
#endif
}

static_assert(sizeof(TimerSlot) == 32 && sizeof(Firing) == 64);

} // namespace

std::uint64_t steady_now() noexcept { return not_negative(std::chrono::steady_clock::now().time_since_epoch()); }

std::uint64_t after(std::chrono::nanoseconds duration) noexcept { return sum(steady_now(), not_negative(duration)); }

TimerSlot& Timers::add(Callback<void()> callback, std::chrono::nanoseconds period) {
    auto number = free_.lowest();
    if (number == none) {
        number = slots_.size();
        if (firings_.size() == slots_.size()) firings_.emplace_back();
        slots_.emplace_back(slots_.size());
        free_.use_new(static_cast<std::uint32_t>(number));
    } else {
        free_.take_lowest(behind(number));
    }
    auto& slot = slots_[static_cast<std::uint32_t>(number)];
    firings_[slot.number_] = {not_negative(period), 0, std::move(callback)};
    return slot;
}

void Timers::set(TimerSlot& slot, std::chrono::steady_clock::time_point at) noexcept {
    cancel(slot);
    if (slot.background_) ++in_background_;
    insert(slot, not_negative(at.time_since_epoch()));
}

void Timers::set_other(TimerSlot& slot, std::chrono::nanoseconds after) noexcept {
    if (slot.background_ && !slot.is_set()) ++in_background_;
    if (slot.place_ != 0) forget_fresh(slot); // it follows all others that were set before this call
    take_if_due(slot);
    make_fresh(slot, after);
}

void Timers::cancel_other(TimerSlot& slot) noexcept {
    if (slot.background_ && slot.is_set()) --in_background_;
    if (slot.place_ != 0) forget_fresh(slot);
    wheel_.cancel(slot);
}

void Timers::forget_fresh(TimerSlot& slot) noexcept {
    fresh_[slot.place_ - 1U].slot = nullptr;
    slot.place_ = 0;
    while (fresh_count_ != 0 && !fresh_[fresh_count_ - 1].slot) --fresh_count_;
}

void Timers::insert(TimerSlot& slot, std::uint64_t deadline) noexcept {
    wheel_.insert(slot, deadline);
    quiet_until_ = std::min(quiet_until_, deadline);
}

void Timers::end(Handled& handled) noexcept {
    demand_thread("the end of a handle");
    auto& slot = static_cast<TimerSlot&>(handled);
    cancel(slot);
    slot.background_ = false;
    if (!agenda_.in_turn) return close(slot.number_);
    behind(slot.number_) = none;
    (has_ended() ? behind(last_ended_) : first_ended_) = slot.number_;
    last_ended_ = slot.number_;
}

void Timers::set_background(Handled& handled, bool background) noexcept {
    demand_thread("Handle::in_background()");
    auto& slot = static_cast<TimerSlot&>(handled);
    if (slot.is_set() && slot.background_) --in_background_;
    slot.background_ = background;
    if (slot.is_set() && slot.background_) ++in_background_;
}

bool Timers::close_ended() noexcept {
    if (!has_ended()) return false;
    const auto number = std::exchange(first_ended_, behind(first_ended_));
    close(number);
    return true;
}

void Timers::close(std::uint64_t number) noexcept {
    ++agenda_.closed;
    firings_[static_cast<std::uint32_t>(number)].callback.clear(); // may end other timers
    behind(number) = free_.give_back(static_cast<std::uint32_t>(number));
    if (slots_.size() > Blocks<Firing>::size_of(8)) release_excess();
}

/// No handle and no callback refers to a timer whose index is free.
void Timers::release_excess() noexcept {
    for (auto block = Blocks<Firing>::block_of(slots_.size() - 1); free_.is_excess(block); --block) {
        slots_.release_last(block);
        firings_.release_last(block);
        free_.forget(block);
    }
}

void Timers::settle_now() noexcept { settle(steady_now()); }

void Timers::settle(std::uint64_t now) noexcept {
    auto first = quiet_until_;
    for (const auto& [slot, after] : std::span(fresh_).first(std::exchange(fresh_count_, 0))) {
        if (!slot) continue;
        slot->place_ = 0;
        const auto deadline = now + after; // both have 63 bits
        first = std::min(first, deadline);
        wheel_.rearm(*slot, deadline);
    }
    quiet_until_ = first;
}

std::size_t Timers::pending() const noexcept {
    const auto is_new = [](const Fresh& fresh) { return fresh.slot && !fresh.slot->is_pending(); };
    const auto fresh = std::span(fresh_).first(fresh_count_);
    return wheel_.pending() + static_cast<std::size_t>(std::ranges::count_if(fresh, is_new));
}

void Timers::advance(std::uint64_t now) noexcept {
    now_ = now;
    over_limit_ = limit_ && now >= *limit_;
    settle(now);
    wheel_.advance(now);
    quiet_until_ = wheel_.next_expiry().value_or(never);
}

bool Timers::is_next_near() noexcept {
    // Most timers are timeouts that are far away. Near ones make each turn read the clock.
    constexpr std::uint64_t far = 100'000'000;
    if (--rough_left_ != 0) return quiet_until_ < sum(recently(), far);
    // However far behind the coarse clock is, a timer of a Loop that never sleeps is late by these turns at most.
    rough_left_ = rough_readings;
    return quiet_until_ <= steady_now();
}

TimerSlot* Timers::pop_due() noexcept {
    if (fetched_ == 0) fetch_due();
    auto* node = wheel_.pop_due();
    if (!node) return nullptr;
    --fetched_;
    auto* slot = static_cast<TimerSlot*>(node);
    auto& its = firings_[slot->number_];
    if (its.period != 0) {
        set_again(*slot, its);
    } else if (slot->background_) {
        --in_background_;
    }
    return slot;
}

/// Prefetches some timers at a time: each takes a memory access, and all of them together hardly more than one.
void Timers::fetch_due() noexcept {
    fetched_ = 16;
    auto* node = wheel_.next_due();
    for (auto left = fetched_; left > 0 && node; --left) {
        firings_.prefetch(static_cast<TimerSlot*>(node)->number_);
        node = wheel_.next_due(node);
    }
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

} // namespace pollux::loop

namespace pollux {

void Timer::rearm(std::chrono::nanoseconds after) noexcept {
    if (!*this) return;
    keeper<loop::Timers>().demand_thread("Timer::rearm()");
    keeper<loop::Timers>().set(handled<loop::TimerSlot>(), after);
}

void Timer::rearm(std::chrono::steady_clock::time_point at) noexcept {
    if (!*this) return;
    keeper<loop::Timers>().demand_thread("Timer::rearm()");
    keeper<loop::Timers>().set(handled<loop::TimerSlot>(), at);
}

void Timer::cancel() noexcept {
    if (!*this) return;
    keeper<loop::Timers>().demand_thread("Timer::cancel()");
    keeper<loop::Timers>().cancel(handled<loop::TimerSlot>());
}

bool Timer::is_pending() const noexcept {
    if (!*this) return false;
    keeper<loop::Timers>().demand_thread("Timer::is_pending()");
    return handled<loop::TimerSlot>().is_set();
}

std::uint64_t Timer::missed() const noexcept {
    if (!*this) return 0;
    keeper<loop::Timers>().demand_thread("Timer::missed()");
    return keeper<loop::Timers>().missed(handled<loop::TimerSlot>());
}

} // namespace pollux
