// SPDX-License-Identifier: BSL-1.0
#pragma once

// The parts of a Loop. A part is owned by the one that it stands below; an arrow leads to what it calls or refers to.
//
//     Loop                          public: loop.cpp calls State; handles refer to a HandleOwner and to a slot of it
//     +- State                      turn() in turn.cpp calls the parts, phase by phase
//        +- ReadyLists              shared by all slots: the ready ones, the closing ones, counts
//        +- Poll --> backend        phase poll: fills `events_`, which phase ready then works off
//        +- Watches --> Poll        watches by token and by descriptor; submits their changes before each poll
//        |  +- WatchSlot            target of a Watcher: callback, interest, generation, FileIdentity
//        |  +- LingeringDetector    detects tokens that a backend reports after the end of their watch
//        +- Timers                  phase timers
//        |  +- TimerSlot, ColdData  target of a Timer, which is a node of the wheel; its callback and its period
//        |  +- TimerWheel           public, too: timer_wheel.hpp
//        +- SignalWakeWatchers      makes slots ready when a wake or a signal is reported
//        |  +- SignalWakeSlot       target of a SignalWatcher or a WakeWatcher
//        |  +- Signals              made for the first SignalWatcher
//        |     +-> PendingSignals   flags that handlers set; never freed: the next Loop reuses them
//        |     +- SignalPipe        written by handlers; `signal_watch_` is the watch of its other end
//        +- posted_, deferred_      phases posted and deferred: a CallQueue each
//        +- PostQueue --> Poll      shared with Posters and KeepAlives: the functions that they post, under a mutex
//           +- PostProtocol         decides which thread has to wake the Loop; tests/loop/model checks it
//
// Other threads and handlers of signals reach only the PostQueue, PendingSignals, the SignalPipe, StopRequest, and
// through them the Registrator of the Poll.

#include "budget.hpp"
#include "call_queue.hpp"
#include "poll_hooks.hpp"
#include "posts.hpp"
#include "signal_wake_watchers.hpp"
#include "slots.hpp"
#include "stop_request.hpp"
#include "timers.hpp"
#include "watches.hpp"

#include <pollux/loop/loop.hpp>
#include <pollux/process.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

namespace pollux::loop {

/// A State is the implementation of a Loop. A callback may throw out of a phase: the rest of the phase stays here, and
/// the next turn continues with it, as with callbacks over the budget.
class Loop::State {
  public:
    State(Poll poll, const LoopOptions& options);
    ~State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    /// A Running marks the Loop as run by the calling thread while it lives.
    class Running;

    /// Turns, at least `at_least` times, while `goes_on` returns true and something is pending, or until stop().
    /// Returns the result of run().
    bool run_while(const auto& goes_on, int at_least = 0) {
        for (;; --at_least) {
            if (stop_.take()) return is_pending();
            if (at_least <= 0 && (!goes_on() || !is_pending())) return is_pending();
            turn();
        }
    }
    void turn();
    bool is_pending() const { return keeps_running() || has_work(); }

    void require_thread(const char* call) const noexcept { loop::require_own_thread(lists.thread, call); }
    std::error_code stop() noexcept;
    /// `selector` is null to open one of the same backend.
    std::error_code reopen(std::unique_ptr<Selector> selector) noexcept;

    /// Destroys all callbacks; objects that they own may still call the Loop, which refuses that. Returns false in a
    /// forked child if the thread that ran the Loop exists only in the parent: its data may be inconsistent, so that
    /// only the Selector may be destroyed.
    bool close() noexcept;
    /// Returns whether it is being destroyed.
    bool is_closed() const noexcept { return closed_; }

    /// Returns null, and the error, if the signal cannot be watched.
    loop::SignalWakeSlot* add_signal(int signal, Callback<void()> callback, std::error_code& error);
    /// `expiry` is a duration or a point in time.
    Timer set(std::chrono::nanoseconds period, auto expiry, Callback<void()> callback);
    loop::PollHookSlot& add_poll_hook(Callback<void()> before, Callback<void()> after);

    // For a loop that holds this one: see Loop.
    Source descriptor(std::error_code& error) const noexcept;
    void prepare();
    std::optional<std::chrono::steady_clock::time_point> next_deadline() const noexcept;
    std::chrono::steady_clock::time_point now() const noexcept;
    LoopMetrics metrics() const;

    loop::ReadyLists lists;

  private:
    LoopOptions options_;
    std::optional<Poll> poll_;

  public:
    const std::shared_ptr<PostQueue> posts;
    loop::Watches watches;
    loop::Timers timers;
    loop::SignalWakeWatchers signal_wake_watchers;
    loop::PollHooks poll_hooks;
    Functions deferred;

    const Poll& poll() const noexcept { return *poll_; }
    /// The clock of all readings; the object stays the same when the Poll is opened again, and refers to the new one.
    const time::Clock& clock() const noexcept { return poll_->clock(); }
    /// Its time in nanoseconds. Not inline, so that turns that do not read it have no instruction for it.
    std::uint64_t read_clock() const noexcept;
    std::uint64_t calls() const noexcept { return metrics_.callbacks.total(); }
    /// Keeps turns from sleeping once calls() has reached `limit`, until the Loop is run again.
    void limit_calls(std::uint64_t limit) noexcept { call_limit_ = limit; }

  private:
    void call_timers();
    void call_posted();
    void poll_backend();
    void poll_backend_with_extras();
    void poll_as_pending();
    void demand_own_process() const;
    void call_ready();
    void end_lingering(Token token);
    void call_deferred();
    void close_ended() noexcept;

    void call(std::uint64_t& count, loop::Budget& budget, auto&& callback);
    void call_queue(loop::CallQueue& queue, std::uint64_t& count);
    void sleep_beside_timers();
    void trim_queues() noexcept;
    void poll(const Timeout& timeout);
    /// Returns whether the next turn has something to do that needs no event.
    bool has_work() const noexcept {
        return next_event_ < events_.size() || !lists.ready.empty() || timers.has_due() || !posted_.empty() ||
               posts->any() || !deferred.empty() || !deferred_.empty() || timers.has_ended() || !lists.closing.empty();
    }
    /// Returns whether another thread than the calling one runs it.
    bool is_run_elsewhere() const noexcept { return running_ && !posts->is_own_thread(); }
    bool is_stopped() const noexcept { return stop_.is_requested(); }
    bool keeps_running() const { return lists.keeping_alive > 0 || timers.keeps_running() || !posts->is_idle(); }
    void open_signals();

    // A member, since GCC 12 stores a Timeout in other parts than it loads it in to pass it, so that store forwarding
    // fails.
    const Timeout at_once_ = std::chrono::nanoseconds::zero();
    Events events_;
    std::size_t next_event_ = 0;
    loop::WatchSlot* signal_watch_ = nullptr; // of the source that signals make readable; null under Windows
    bool has_extras_ = false;                 // signals or hooks were once set: poll_backend() tests this alone
    loop::CallQueue posted_;
    loop::CallQueue deferred_;
    loop::StopRequest<loop::SystemMemory> stop_;
    bool running_ = false;
    std::uint64_t call_limit_ = std::numeric_limits<std::uint64_t>::max();
    bool closed_ = false;
    OwnerProcess owner_;
    LoopMetrics metrics_;
};

class Loop::State::Running {
  public:
    /// Errors: std::logic_error if the Loop is running already.
    explicit Running(State& state);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    State& state_;
    std::chrono::nanoseconds asleep_;
    std::uint64_t begun_ = 0;
};

} // namespace pollux::loop
