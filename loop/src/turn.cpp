// SPDX-License-Identifier: BSL-1.0
// The turn of a Loop, phase by phase.
#include "refusal.hpp"
#include "state.hpp"

#include <algorithm>
#include <cstdio>
#include <system_error>
#include <utility>

namespace pollux::loop {
namespace {

/// A Stopwatch measures how long a callback takes, even if it throws. `Now` reads the clock.
template <typename Now>
class Stopwatch {
  public:
    Stopwatch(std::chrono::nanoseconds& longest, Now now) : longest_(longest), now_(now), begun_(now()) {}
    ~Stopwatch() { longest_ = std::max(longest_, std::chrono::nanoseconds(now_() - begun_)); }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

  private:
    std::chrono::nanoseconds& longest_;
    Now now_;
    std::uint64_t begun_;
};

} // namespace

// Inline, and so defined before their callers: the path of a turn that has one event, which is measured in
// instructions.

inline void Loop::State::poll(const Timeout& timeout) {
    const bool measures = options_.measure_time && timeout != std::chrono::nanoseconds::zero();
    const auto begun = measures ? read_clock() : 0;
    next_event_ = 0;
    ++metrics_.polls;
    const auto error = poll_->poll(events_, timeout);
    if (measures) metrics_.asleep += std::chrono::nanoseconds(read_clock() - begun);
    metrics_.events += events_.size();
    if (error) throw std::system_error(error, "pollux::loop::Loop: the backend cannot wait");
    if (timeout != std::chrono::nanoseconds::zero()) trim_queues();
}

void Loop::State::sleep_beside_timers() {
    // Mostly there is an event, and a non-blocking poll costs less than a call that has to set up a timer, and reads no
    // clock.
    poll(at_once_);
    if (!events_.empty()) return;
    const auto now = read_clock();
    timers.schedule_all(now);
    const auto quiet = timers.quiet_time(now);
    if (!quiet || *quiet > quiet->zero()) poll(quiet);
    // The clock that measured the sleep decides: the coarse one may be behind it, and would make the next turn sleep.
    if (events_.empty()) timers.expect_due();
}

/// Frees vectors of a former flood, which are of no use to a Loop that sleeps.
void Loop::State::trim_queues() noexcept {
    if (posted_.decay()) posts->trim();
    deferred_.decay();
}

inline void Loop::State::poll_backend() {
    if (has_extras_) return poll_backend_with_extras();
    watches.submit_changes();
    poll_as_pending();
}

void Loop::State::poll_backend_with_extras() {
    poll_hooks.call_before();
    watches.submit_changes();
    if (signal_watch_) {
        if (const auto error = signal_wake_watchers.take_failure()) {
            next_event_ = events_.size();
            throw std::system_error(error, "pollux::loop::Loop: a handler of signals could not wake it");
        }
    }
    poll_as_pending();
    poll_hooks.call_after();
}

inline void Loop::State::poll_as_pending() {
    const bool is_over = is_stopped() || timers.is_over_limit() || calls() >= call_limit_;
    // With nothing pending, or with work to do, the poll is non-blocking.
    const bool is_nonblocking = is_over || has_work() || !keeps_running();
    if (!is_nonblocking && timers.any()) return sleep_beside_timers();
    poll(is_nonblocking ? at_once_ : forever);
}

void Loop::State::turn() {
    // Most turns have work for few phases, and some only nanoseconds for the others.
    ++metrics_.turns;
    if (timers.may_be_due()) call_timers();
    if (!posted_.empty() || posts->any()) call_posted();
    // The rest of the last events comes first: the changes since decide which of them are still delivered.
    if (next_event_ == events_.size()) poll_backend();
    call_ready();
    if (!deferred_.empty() || !deferred.empty()) call_deferred();
    if (timers.has_ended() || !lists.closing.empty()) close_ended();
}

/// The phase has removed the callback from its list before, so it is not called again, even if it throws.
void Loop::State::call(std::uint64_t& count, loop::Budget& budget, auto&& callback) {
    ++count;
    budget.use();
    if (!options_.measure_time) return callback();
    const Stopwatch stopwatch(metrics_.longest_callback, [this] { return read_clock(); });
    callback();
}

void Loop::State::call_timers() {
    timers.advance(read_clock());
    const auto now = [this] { return read_clock(); };
    loop::Budget budget(options_, now);
    while (!budget.is_used_up(now)) {
        auto* slot = timers.pop_due();
        if (!slot) return;
        call(metrics_.callbacks.timers, budget, [&] { timers.call(*slot); });
    }
}

void Loop::State::call_posted() {
    if (posted_.empty()) posted_.fill([this](auto& functions) { posts->take(functions); });
    call_queue(posted_, metrics_.callbacks.posted);
}

void Loop::State::call_queue(loop::CallQueue& queue, std::uint64_t& count) {
    const auto now = [this] { return read_clock(); };
    loop::Budget budget(options_, now);
    while (!queue.empty() && !budget.is_used_up(now)) {
        auto function = queue.pop();
        call(count, budget, function);
    }
}

void Loop::State::call_ready() {
    const auto now = [this] { return read_clock(); };
    loop::Budget budget(options_, now);
    while (!budget.is_used_up(now)) {
        if (auto* slot = lists.ready.pop_front()) {
            call(metrics_.callbacks.ready, budget, [slot] { slot->call(); });
            continue;
        }
        if (next_event_ == events_.size()) return;
        const auto& event = events_[next_event_++];
        auto ready = event.ready; // not a copy of both: the backend wrote them apart, and store forwarding would fail
        if (event.token == wake_token) {
            ++metrics_.wakes;
            if (!signal_watch_) signal_wake_watchers.make_ready_for_signals();
            signal_wake_watchers.make_ready_for_wake();
        } else if (auto* watch = watches.match_event(event.token, ready); watch && watch == signal_watch_) {
            signal_wake_watchers.make_ready_for_signals();
        } else if (watch) {
            call(metrics_.callbacks.ready, budget, [watch, ready] { watch->call(ready); });
        } else {
            ++metrics_.stale;
            if (watches.note_lingering(event.token, metrics_.polls)) end_lingering(event.token);
        }
    }
}

void Loop::State::end_lingering(Token token) {
    const auto text = loop::lingering_text(*poll_, watches.source_of(token));
    if (const auto error = poll_->reopen()) {
        watches.restart_lingering(); // so that it is reported again if it goes on, not only once
        throw std::system_error(error, text + ", and cannot be opened again");
    }
    watches.resubmit_all();
    ++metrics_.reopened;
#ifndef NDEBUG
    std::fprintf(stderr, "%s: it was opened again\n", text.c_str());
#endif
}

void Loop::State::call_deferred() {
    // Functions that these defer are called at the end of the next turn.
    if (deferred_.empty()) deferred_.fill([this](auto& functions) { functions.swap(deferred); });
    call_queue(deferred_, metrics_.callbacks.deferred);
}

void Loop::State::close_ended() noexcept {
    for (auto left = options_.callbacks_per_phase; left > 0; --left) {
        if (timers.close_ended()) continue;
        auto* slot = lists.closing.pop_front();
        if (!slot) return;
        ++lists.closed;
        slot->close();
    }
}

} // namespace pollux::loop
