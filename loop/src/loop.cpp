// SPDX-License-Identifier: BSL-1.0
#include "state.hpp"

#include "refusal.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace pollux::loop {
namespace {

/// Returns what was expected of the first option that is out of range, or null.
const char* unmet(const LoopOptions& options) noexcept {
    if (options.events < 1) return "events of at least 1, was given 0";
    if (options.callbacks_per_phase < 1) return "callbacks_per_phase of at least 1, was given 0";
    if (options.posts < 1) return "posts of at least 1, was given 0";
    return options.time_per_phase < options.time_per_phase.zero() ? "time_per_phase not negative" : nullptr;
}

const LoopOptions& checked(const LoopOptions& options) {
    if (const auto* const expected = unmet(options))
        throw std::invalid_argument(std::string("pollux::loop::Loop: expected LoopOptions::") + expected);
    return options;
}

void demand_callable(const auto& callback) {
    if (!callback) throw std::invalid_argument("pollux::loop::Loop: expected a callback, was given an empty one");
}

} // namespace

Loop::State::State(Poll poll, const LoopOptions& options)
    : options_(checked(options)),
      poll_(std::move(poll)),
      posts(std::make_shared<PostQueue>(poll_->registrator(), options.posts)),
      watches(lists, *poll_),
      timers(lists, poll_->clock()),
      signal_wake_watchers(lists),
      poll_hooks(lists),
      events_(options.events) {
    lists.thread.id = &posts->runner();
}

bool Loop::State::close() noexcept {
    if (!owner_.is_current() && is_run_elsewhere()) {
        poll_.reset();
        return false;
    }
    closed_ = true;
    watches.detach_handles();
    timers.detach_handles();
    signal_wake_watchers.detach_handles();
    poll_hooks.detach_handles();
    // The backend is destroyed before the callbacks, which may close the sources that they own.
    poll_.reset();
    posts->close();
    posted_.clear();
    deferred_.clear();
    Functions().swap(deferred);
    timers.clear_callbacks();
    watches.clear_callbacks();
    signal_wake_watchers.clear_callbacks();
    poll_hooks.clear_callbacks();
    return true;
}

std::error_code Loop::State::reopen(std::unique_ptr<Selector> selector) noexcept {
    if (closed_) return make_error_code(std::errc::operation_canceled);
    if (is_run_elsewhere()) return make_error_code(std::errc::device_or_resource_busy);
    if (const auto error = signal_wake_watchers.reopen_signals()) return error;
    if (const auto error = selector ? poll_->reopen(std::move(selector)) : poll_->reopen()) return error;
    owner_ = lists.thread.process = OwnerProcess();
    next_event_ = events_.size(); // the new Selector reports again what is ready
    watches.resubmit_all();
    signal_wake_watchers.make_ready_for_signals(); // whose handlers could not wake this Loop
    return {};
}

Timer Loop::State::set(std::chrono::nanoseconds period, auto expiry, Callback<void()> callback) {
    auto& slot = timers.add(std::move(callback), period);
    timers.set(slot, expiry);
    return Timer(timers, slot);
}

std::error_code Loop::State::stop() noexcept {
    // The Loop is woken even by its own thread: a signal handler may have interrupted its sleep.
    return stop_.request([this] { return posts->wake(); });
}

loop::SignalWakeSlot* Loop::State::add_signal(int signal, Callback<void()> callback, std::error_code& error) {
    try {
        if (!signal_watch_) open_signals();
    } catch (const std::system_error& failure) {
        error = failure.code();
        return nullptr;
    }
    return signal_wake_watchers.add_signal(signal, std::move(callback), error);
}

void Loop::State::open_signals() {
    const auto source = signal_wake_watchers.signals(poll_->registrator()).source();
    if (!source) return;
    // Called only if the backend refuses the watch; rearm() makes the next turn submit it again.
    signal_watch_ = &watches.add(*source, Ready::readable, Mode::level, [this](Ready, std::error_code error) {
        signal_watch_->rearm();
        throw std::system_error(error, "pollux::loop::Loop: the backend refuses the socket of signals");
    });
    signal_watch_->set_background(true);
    has_extras_ = true;
}

LoopMetrics Loop::State::metrics() const {
    auto seen = metrics_;
    seen.closed = lists.closed;
    seen.watches = lists.pending[static_cast<std::size_t>(loop::SlotKind::watch)];
    if (signal_watch_ && signal_watch_->is_pending()) --seen.watches;
    seen.timers = timers.pending();
    seen.posts = posts->size() + posted_.size();
    return seen;
}

loop::PollHookSlot& Loop::State::add_poll_hook(Callback<void()> before, Callback<void()> after) {
    auto& slot = poll_hooks.add(std::move(before), std::move(after));
    has_extras_ = true;
    return slot;
}

void Loop::State::demand_own_process() const {
    if (owner_.is_current()) return;
    throw std::system_error(make_error_code(std::errc::no_such_process),
                            "pollux::loop::Loop: opened by the parent of this process: call reopen()");
}

Loop::State::Running::Running(State& state) : state_(state), asleep_(state.metrics_.asleep) {
    state.require_thread("run()");
    state.demand_own_process();
    if (state.running_) throw std::logic_error("pollux::loop::Loop: it is running already: called from a callback?");
    state.running_ = state.lists.in_turn = true;
    state.posts->run_by(std::this_thread::get_id());
    if (state.options_.measure_time) begun_ = state.read_clock();
}

Loop::State::Running::~Running() {
    state_.posts->run_by({});
    state_.running_ = state_.lists.in_turn = false;
    state_.limit_calls(std::numeric_limits<std::uint64_t>::max());
    if (!state_.options_.measure_time) return;
    const std::chrono::nanoseconds run(state_.read_clock() - begun_);
    state_.metrics_.busy += run - (state_.metrics_.asleep - asleep_);
}

Loop::Loop(Poll poll, const LoopOptions& options) : state_(std::make_unique<State>(std::move(poll), options)) {}

Loop::Loop(const Request& request, const LoopOptions& options) : Loop(Poll(request, ReopenAdds::nothing), options) {}

Loop::Loop(std::unique_ptr<Selector> selector, const LoopOptions& options)
    : Loop(Poll(std::move(selector), ReopenAdds::nothing), options) {}

std::unique_ptr<Loop> Loop::open(const Request& request, Choice& choice, std::error_code& error,
                                 const LoopOptions& options) noexcept try {
    if (unmet(options)) {
        error = make_error_code(std::errc::invalid_argument);
        return nullptr;
    }
    auto poll = Poll::open(request, choice, error, ReopenAdds::nothing);
    return poll ? std::unique_ptr<Loop>(new Loop(std::move(*poll), options)) : nullptr;
} catch (const std::system_error& failure) {
    error = failure.code();
    return nullptr;
} catch (...) { // bad_alloc, or length_error of a container
    error = make_error_code(std::errc::not_enough_memory);
    return nullptr;
}

Loop::~Loop() {
    state_->require_thread("~Loop()");
    if (!state_->close())
        static_cast<void>(state_.release()); // NOLINT(bugprone-unused-return-value): leaked on purpose
}

Watcher Loop::watch_source(Source source, Ready interest, Mode mode, WatchCallback callback, std::error_code* error) {
    state_->require_thread("watch()");
    demand_callable(callback);
    if (state_->is_closed()) {
        if (error) *error = make_error_code(std::errc::operation_canceled);
        return {};
    }
    if (loop::lacking_capability(state_->poll().capabilities(), interest, mode)) {
        const auto refused = make_error_code(std::errc::operation_not_supported);
        if (!error) throw loop::refusal_error(state_->poll(), {source, interest, mode, refused});
        *error = refused;
        return {};
    }
    auto& slot = state_->watches.add(source, interest, mode, std::move(callback));
    if (error && (*error = state_->watches.submit_now(slot))) return {};
    return Watcher(state_->watches, slot);
}

Timer Loop::after(std::chrono::nanoseconds duration, Callback<void()> callback) {
    state_->require_thread("after()");
    demand_callable(callback);
    if (state_->is_closed()) return {};
    return state_->set(duration.zero(), duration, std::move(callback));
}

Timer Loop::every(std::chrono::nanoseconds period, Callback<void()> callback) {
    state_->require_thread("every()");
    demand_callable(callback);
    if (period <= period.zero()) {
        throw std::invalid_argument("pollux::loop::Loop::every: expected a positive period, was given " +
                                    std::to_string(period.count()) + " ns");
    }
    if (state_->is_closed()) return {};
    return state_->set(period, period, std::move(callback));
}

Timer Loop::at(std::chrono::steady_clock::time_point time, Callback<void()> callback) {
    state_->require_thread("at()");
    demand_callable(callback);
    if (state_->is_closed()) return {};
    return state_->set(std::chrono::nanoseconds::zero(), time, std::move(callback));
}

std::chrono::steady_clock::time_point Loop::now() const noexcept {
    state_->require_thread("now()");
    return state_->now();
}

std::error_code Loop::post(Callback<void()>&& function) { return state_->posts->post(std::move(function)); }

Poster Loop::poster() const noexcept { return Poster(state_->posts); }

std::error_code Loop::defer(Callback<void()> function) {
    state_->require_thread("defer()");
    demand_callable(function);
    if (state_->is_closed()) return make_error_code(std::errc::operation_canceled);
    state_->deferred.push_back(std::move(function));
    return {};
}

SignalWatcher Loop::on_signal(int signal, Callback<void()> callback) {
    std::error_code error;
    auto watcher = on_signal(signal, std::move(callback), error);
    if (error && !state_->is_closed())
        throw std::system_error(error, "pollux::loop::Loop::on_signal(" + std::to_string(signal) + ")");
    return watcher;
}

SignalWatcher Loop::on_signal(int signal, Callback<void()> callback, std::error_code& error) {
    state_->require_thread("on_signal()");
    demand_callable(callback);
    if (state_->is_closed()) {
        error = make_error_code(std::errc::operation_canceled);
        return {};
    }
    auto* slot = state_->add_signal(signal, std::move(callback), error);
    return slot ? SignalWatcher(state_->signal_wake_watchers, *slot) : SignalWatcher();
}

WakeWatcher Loop::on_wake(Callback<void()> callback) {
    state_->require_thread("on_wake()");
    demand_callable(callback);
    if (state_->is_closed()) return {};
    return WakeWatcher(state_->signal_wake_watchers, state_->signal_wake_watchers.add_wake(std::move(callback)));
}

PollHook Loop::on_poll(Callback<void()> before, Callback<void()> after) {
    state_->require_thread("on_poll()");
    if (!before) demand_callable(after);
    if (state_->is_closed()) return {};
    return PollHook(state_->poll_hooks, state_->add_poll_hook(std::move(before), std::move(after)));
}

std::error_code Loop::reopen() noexcept { return state_->reopen(nullptr); }

std::error_code Loop::reopen(std::unique_ptr<Selector> selector) noexcept {
    return selector ? state_->reopen(std::move(selector)) : make_error_code(std::errc::invalid_argument);
}

bool Loop::run() {
    if (state_->is_closed()) return false;
    const State::Running running(*state_);
    return state_->run_while([] { return true; });
}

bool Loop::run_for(std::chrono::nanoseconds duration) {
    if (state_->is_closed()) return false;
    const State::Running running(*state_);
    const loop::TimeLimit limit(state_->timers, duration);
    return state_->run_while([&] { return !state_->timers.is_over_limit(); }, 1);
}

bool Loop::run_one() {
    if (state_->is_closed()) return false;
    const State::Running running(*state_);
    const auto before = state_->calls();
    state_->limit_calls(before + 1);
    state_->run_while([&] { return state_->calls() == before; });
    return state_->calls() != before;
}

std::error_code Loop::stop() noexcept { return state_->stop(); }

LoopMetrics Loop::metrics() const {
    state_->require_thread("metrics()");
    return state_->metrics();
}

const Choice& Loop::choice() const noexcept {
    static const Choice none;
    return state_->is_closed() ? none : state_->poll().choice();
}

} // namespace pollux::loop
