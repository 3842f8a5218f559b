// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "agenda.hpp"
#include "budget.hpp"
#include "notices.hpp"
#include "posts.hpp"
#include "timers.hpp"
#include "watches.hpp"

#include <pollux/loop.hpp>
#include <pollux/process.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

namespace pollux {

/// All of a Loop, and its turn. A callback may throw out of a phase: what is left of it is kept here, and found by the
/// next turn like what was over its budget.
class Loop::State {
  public:
    State(Poll poll, const LoopOptions& options);
    ~State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    /// While it lives, the Loop is run by this thread.
    class Running;

    /// Turns, at least so often, while `goes_on` says so, something is pending, and nobody stops it; what run() is to
    /// return.
    bool run_while(const auto& goes_on, int at_least = 0) {
        for (;; --at_least) {
            if (stop_.take()) return is_pending();
            if (at_least <= 0 && (!goes_on() || !is_pending())) return is_pending();
            turn();
        }
    }
    void turn();
    bool is_pending() const { return is_kept() || has_work(); }

    void demand_thread(const char* call) const noexcept { loop::demand_own_thread(agenda.thread, call); }
    std::error_code stop() noexcept;
    /// `selector`: null to open one of the same backend.
    std::error_code reopen(std::unique_ptr<Selector> selector) noexcept;

    /// Destroys all callbacks, while whatever they own may still ask anything of the Loop, and is refused. False: this
    /// is a forked child, and the thread that ran the Loop has stayed with the parent in the middle of something, so
    /// nothing but the Selector may be touched.
    bool close() noexcept;
    /// Whether it is being destroyed.
    bool is_closed() const noexcept { return closed_; }

    /// Null and the error, if the signal cannot be watched.
    loop::NoticeSlot* add_signal(int signal, Callback<void()> callback, std::error_code& error);
    /// `expiry`: a duration or a point in time.
    Timer set(std::chrono::nanoseconds period, auto expiry, Callback<void()> callback);
    LoopMetrics metrics() const;

    loop::Agenda agenda;

  private:
    LoopOptions options_;
    std::optional<Poll> poll_;

  public:
    const std::shared_ptr<PostQueue> posts;
    loop::Watches watches;
    loop::Timers timers;
    loop::Notices notices;
    PostQueue::Functions deferred;

    const Choice& choice() const noexcept { return poll_->choice(); }
    std::uint64_t calls() const noexcept { return metrics_.callbacks.total(); }
    /// From this many calls() on, and until the Loop is run again, no turn sleeps.
    void limit_calls(std::uint64_t limit) noexcept { call_limit_ = limit; }

  private:
    void call_timers();
    void call_posted();
    void poll_engine();
    void call_ready();
    void end_lingering(Token token);
    void call_deferred();
    void close_ended() noexcept;

    void call(std::uint64_t& count, loop::Budget& budget, auto&& callback);
    void call_queue(loop::CallQueue& queue, std::uint64_t& count);
    void sleep_beside_timers();
    void rest() noexcept;
    void ask(const Timeout& timeout);
    /// Whether the next turn has something to do that needs no event.
    bool has_work() const noexcept {
        return next_event_ < events_.size() || !agenda.ready.empty() || timers.has_due() || !posted_.empty() ||
               posts->any() || !deferred.empty() || !deferred_.empty() || timers.has_ended() || !agenda.closing.empty();
    }
    /// By a thread other than the caller.
    bool is_run_elsewhere() const noexcept { return running_ && !posts->is_own_thread(); }
    bool is_stopped() const noexcept { return stop_.is_requested(); }
    bool is_kept() const { return agenda.keeping > 0 || timers.keep_the_loop() || !posts->is_idle(); }
    void open_signals();

    // Made once: GCC 12 writes a Timeout in other parts than those in which it passes it, and the processor waits for
    // these.
    const Timeout at_once_ = std::chrono::nanoseconds::zero();
    Events events_;
    std::size_t next_event_ = 0;
    loop::WatchSlot* signal_watch_ = nullptr; // where a signal makes a source readable
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
    /// Errors: std::logic_error, if it is run already.
    explicit Running(State& state);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    State& state_;
    std::chrono::nanoseconds asleep_;
    std::uint64_t begun_ = 0;
};

} // namespace pollux
