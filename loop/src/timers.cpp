// SPDX-License-Identifier: BSL-1.0
#include "timers.hpp"

#include <pollux/loop/timer.hpp>

#include <algorithm>
#include <ctime>
#include <limits>
#include <span>
#include <utility>

namespace pollux::loop {
namespace {

constexpr auto never = std::numeric_limits<std::uint64_t>::max();

std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept { return a > never - b ? never : a + b; }

static_assert(sizeof(TimerSlot) == 32 && sizeof(ColdData) == 64);

} // namespace

std::uint64_t now_of(const time::Clock& clock) noexcept { return not_negative(clock.now().time_since_epoch()); }

std::uint64_t after(std::uint64_t now, std::chrono::nanoseconds duration) noexcept {
    return sum(now, not_negative(duration));
}

TimerSlot& Timers::add(Callback<void()> callback, std::chrono::nanoseconds period) {
    auto index = free_.lowest();
    if (index == none) {
        index = slots_.size();
        if (cold_data_.size() == slots_.size()) cold_data_.emplace_back();
        slots_.emplace_back(slots_.size());
        free_.use_new(static_cast<std::uint32_t>(index));
    } else {
        free_.take_lowest(behind(index));
    }
    auto& slot = slots_[static_cast<std::uint32_t>(index)];
    cold_data_[slot.index_] = {not_negative(period), 0, std::move(callback)};
    return slot;
}

void Timers::set(TimerSlot& slot, std::chrono::steady_clock::time_point at) noexcept {
    cancel(slot);
    if (slot.background_) ++in_background_;
    insert(slot, not_negative(at.time_since_epoch()));
}

void Timers::set_other(TimerSlot& slot, std::chrono::nanoseconds after) noexcept {
    if (slot.background_ && !slot.is_set()) ++in_background_;
    if (slot.position_ != 0) remove_unscheduled(slot); // it follows all others that were set before this call
    remove_if_due(slot);
    add_unscheduled(slot, after);
}

void Timers::cancel_other(TimerSlot& slot) noexcept {
    if (slot.background_ && slot.is_set()) --in_background_;
    if (slot.position_ != 0) remove_unscheduled(slot);
    wheel_.cancel(slot);
}

void Timers::remove_unscheduled(TimerSlot& slot) noexcept {
    unscheduled_[slot.position_ - 1U].slot = nullptr;
    slot.position_ = 0;
    while (unscheduled_count_ != 0 && !unscheduled_[unscheduled_count_ - 1].slot) --unscheduled_count_;
}

void Timers::insert(TimerSlot& slot, std::uint64_t deadline) noexcept {
    wheel_.insert(slot, deadline);
    quiet_until_ = std::min(quiet_until_, deadline);
}

void Timers::close(HandleTarget& target) noexcept {
    require_thread("Handle::close()");
    auto& slot = static_cast<TimerSlot&>(target);
    cancel(slot);
    slot.background_ = false;
    if (!lists_.in_turn) return close(slot.index_);
    behind(slot.index_) = none;
    (has_ended() ? behind(last_ended_) : first_ended_) = slot.index_;
    last_ended_ = slot.index_;
}

void Timers::set_background(HandleTarget& target, bool background) noexcept {
    require_thread("Handle::in_background()");
    auto& slot = static_cast<TimerSlot&>(target);
    if (slot.is_set() && slot.background_) --in_background_;
    slot.background_ = background;
    if (slot.is_set() && slot.background_) ++in_background_;
}

bool Timers::close_ended() noexcept {
    if (!has_ended()) return false;
    const auto index = std::exchange(first_ended_, behind(first_ended_));
    close(index);
    return true;
}

void Timers::close(std::uint64_t index) noexcept {
    ++lists_.closed;
    cold_data_[static_cast<std::uint32_t>(index)].callback.clear(); // may end other timers
    behind(index) = free_.free(static_cast<std::uint32_t>(index));
    if (slots_.size() > Blocks<ColdData>::size_of(8)) release_excess();
}

/// No handle and no callback refers to a timer whose index is free.
void Timers::release_excess() noexcept {
    for (auto block = Blocks<ColdData>::block_of(slots_.size() - 1); free_.is_excess(block); --block) {
        slots_.release_last(block);
        cold_data_.release_last(block);
        free_.forget(block);
    }
}

void Timers::schedule_all_now() noexcept { schedule_all(now_of(clock_)); }

void Timers::schedule_all(std::uint64_t now) noexcept {
    auto first = quiet_until_;
    for (const auto& [slot, after] : std::span(unscheduled_).first(std::exchange(unscheduled_count_, 0))) {
        if (!slot) continue;
        slot->position_ = 0;
        const auto deadline = now + after; // both have 63 bits
        first = std::min(first, deadline);
        wheel_.rearm(*slot, deadline);
    }
    quiet_until_ = first;
}

std::size_t Timers::pending() const noexcept {
    const auto is_new = [](const Unscheduled& timer) { return timer.slot && !timer.slot->is_pending(); };
    const auto unscheduled = std::span(unscheduled_).first(unscheduled_count_);
    return wheel_.pending() + static_cast<std::size_t>(std::ranges::count_if(unscheduled, is_new));
}

void Timers::advance(std::uint64_t now) noexcept {
    now_ = now;
    over_limit_ = limit_ && now >= *limit_;
    schedule_all(now);
    wheel_.advance(now);
    quiet_until_ = wheel_.next_expiry().value_or(never);
}

/// Returns the clock as it was some milliseconds ago, at a fifth of the cost: the steady clock of Linux, which updates
/// a coarse copy with each tick. It is further behind while a hypervisor does not run the processor that does so. Any
/// other clock is read itself.
std::uint64_t Timers::recently() const noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
    if (clock_.is_steady()) {
        timespec time{};
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
    }
#endif
    return now_of(clock_);
}

bool Timers::is_next_near() noexcept {
    // Most timers are timeouts that are far away. Near ones make each turn read the clock.
    constexpr std::uint64_t far = 100'000'000;
    if (--coarse_left_ != 0) return quiet_until_ < sum(recently(), far);
    // However far behind the coarse clock is, a timer of a Loop that never sleeps is late by these turns at most.
    coarse_left_ = coarse_readings;
    return quiet_until_ <= now_of(clock_);
}

TimerSlot* Timers::pop_due() noexcept {
    if (fetched_ == 0) fetch_due();
    auto* node = wheel_.pop_due();
    if (!node) return nullptr;
    --fetched_;
    auto* slot = static_cast<TimerSlot*>(node);
    auto& its = cold_data_[slot->index_];
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
        cold_data_.prefetch(static_cast<TimerSlot*>(node)->index_);
        node = wheel_.next_due(node);
    }
}

void Timers::set_again(TimerSlot& slot, ColdData& cold) noexcept {
    cold.missed = (now_ - slot.deadline()) / cold.period;
    insert(slot, sum(slot.deadline() + cold.missed * cold.period, cold.period));
}

std::optional<std::chrono::nanoseconds> Timers::quiet_time(std::uint64_t now) const noexcept {
    const auto expiry = next_deadline();
    if (!expiry && !limit_) return std::nullopt;
    const auto end = std::min(expiry.value_or(never), limit_.value_or(never));
    constexpr auto longest = static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count());
    return std::chrono::nanoseconds(std::min(end - std::min(now, end), longest));
}

TimeLimit::TimeLimit(Timers& timers, std::chrono::nanoseconds duration) noexcept : timers_(timers) {
    timers_.limit_ = after(now_of(timers.clock_), duration);
}

TimeLimit::~TimeLimit() {
    timers_.limit_.reset();
    timers_.over_limit_ = false;
}

void Timer::rearm(std::chrono::nanoseconds after) noexcept {
    if (!*this) return;
    owner<loop::Timers>().require_thread("Timer::rearm()");
    owner<loop::Timers>().set(target<loop::TimerSlot>(), after);
}

void Timer::rearm(std::chrono::steady_clock::time_point at) noexcept {
    if (!*this) return;
    owner<loop::Timers>().require_thread("Timer::rearm()");
    owner<loop::Timers>().set(target<loop::TimerSlot>(), at);
}

void Timer::cancel() noexcept {
    if (!*this) return;
    owner<loop::Timers>().require_thread("Timer::cancel()");
    owner<loop::Timers>().cancel(target<loop::TimerSlot>());
}

bool Timer::is_pending() const noexcept {
    if (!*this) return false;
    owner<loop::Timers>().require_thread("Timer::is_pending()");
    return target<loop::TimerSlot>().is_set();
}

std::uint64_t Timer::missed() const noexcept {
    if (!*this) return 0;
    owner<loop::Timers>().require_thread("Timer::missed()");
    return owner<loop::Timers>().missed(target<loop::TimerSlot>());
}

} // namespace pollux::loop
