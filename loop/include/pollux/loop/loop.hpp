// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/callback.hpp>
#include <pollux/loop/loop_metrics.hpp>
#include <pollux/loop/loop_options.hpp>
#include <pollux/loop/poll_hook.hpp>
#include <pollux/loop/poster.hpp>
#include <pollux/loop/signal_watcher.hpp>
#include <pollux/loop/timer.hpp>
#include <pollux/loop/wake_watcher.hpp>
#include <pollux/loop/watch_callback.hpp>
#include <pollux/loop/watcher.hpp>
#include <pollux/poll.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace pollux::loop {

/// A Loop waits for sources, timers, signals and functions that other threads post, and calls their callbacks.
/// docs/loop.md has the cost of each call.
///
///     pollux::loop::Loop loop;
///     auto watcher = loop.watch(socket, Ready::readable, Mode::level, [&](Ready) { read(socket); });
///     auto timer = loop.every(1s, [&] { report(); });
///     loop.run();
///
/// It works in turns, each of six phases in this order:                                 [loop.phases]
///
///     ┌▶ timers ──▶ posted ──▶ poll ──▶ ready ──▶ deferred ──▶ close ─┐
///     └───────────────────────────────────────────────────────────────┘
///
///     timers    calls the timers that are due, in the order of their deadlines         [timer.order]
///     posted    calls what was posted before the phase began
///     poll      submits changed watches and polls the backend, unless events are left; sleeps if there is no work
///     ready     calls the callbacks of these events, and those of signals and wakes
///     deferred  calls what was deferred
///     close     destroys the callbacks of handles that ended
///
/// A phase that has more to do than LoopOptions allows continues in the next turn, which does not sleep, so no phase
/// keeps the others from running.                                                       [loop.budget]
///
/// After a handle has ended or changed, no callback runs for its former state, even if the backend has already
/// reported the event, or the source was closed and its file descriptor reused.         [loop.no_stale_callback]
///
/// If a source is closed before its Watcher ends, and a duplicate (dup(2), a forked child) keeps its file open,
/// epoll(7) may report it for ever. A Loop that receives such events in eight polls in a row opens the backend again,
/// with all watches, and continues. LoopMetrics::reopened counts this, and a debug build of the library names the
/// source on standard error.                                                            [loop.lingering]
///
/// Threads:  one thread at a time may use it, except for post(), poster(), keep_alive() and stop(), which any thread
///           may call, even during run(). Callbacks run in the thread that runs the Loop. While a thread runs it, a
///           debug build of the library (without NDEBUG) aborts, with a line on standard error, when another thread
///           calls another function of it (not choice(), reopen()) or of its handles.   [loop.wrong_thread]
///           A thread must not be cancelled by pthread_cancel(3) while it waits in run(): that ends the process, see
///           Poll. In a callback, a cancellation leaves run() as an exception does.
/// Errors:   an exception that leaves a callback leaves run(). The Loop stays usable: the rest of the phase is
///           not lost, and run() may be called again.                                   [loop.exceptions]
/// Lifetime: must not be destroyed by its own callbacks. Handles, Posters and KeepAlives may outlive it. The destructor
///           destroys all callbacks, calls none, and leaves sources open. Objects that they own may call the Loop
///           meanwhile: defer() and post() return operation_canceled, functions that return a handle return an empty
///           one, and run() returns false.                                              [loop.destroyed]
/// Processes: belongs to the process that opened it. A forked child may destroy it, which does not affect its parent,
///           or continue with it after reopen(). Before that, run() throws no_such_process, and other calls take effect
///           after reopen(). A child that is forked while another thread runs the Loop can only destroy it.
///                                                                                      [loop.forked]
class Loop {
  public:
    /// Opens a backend.
    ///
    /// Errors: OpenError with the report of all that was tried; std::invalid_argument if an option is out of range
    explicit Loop(const Request& request = {}, const LoopOptions& options = {});
    /// Takes ownership of any Selector, such as a layer; not null.
    explicit Loop(std::unique_ptr<Selector> selector, const LoopOptions& options = {});
    /// Opens a backend as the first constructor does, but returns null instead of throwing. `choice` is the report in
    /// either case, as far as it was made; choice() of the Loop is a copy.              [loop.open]
    ///
    /// Errors: no_such_device     no backend of `request` could be opened: choice.text() states why
    ///         invalid_argument   an option is out of range; `choice` is unchanged
    ///         not_enough_memory
    [[nodiscard]] static std::unique_ptr<Loop> open(const Request& request, Choice& choice, std::error_code& error,
                                                    const LoopOptions& options = {}) noexcept;
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Calls `callback` with the ready conditions each time that the backend reports `source`: see Watch and Mode. A
    /// source may have at most one watch in a Loop. This costs no system call until the Loop polls the backend, then
    /// two, or none if the watch has ended by then.                                     [watch.changes_cancel]
    ///
    /// Errors: std::system_error      the capabilities of the backend rule out the mode, or Ready::priority
    ///                                                                                  [watch.refused_at_once]
    ///         std::bad_alloc; std::invalid_argument if the callback is empty
    ///         If the backend itself refuses the watch, run() throws std::system_error, once, or the callback receives
    ///         the error if it takes one: see Watcher.
    [[nodiscard]] Watcher watch(Watchable auto&& source, Ready interest, Mode mode, WatchCallback callback) {
        return watch_source(source_of(source), interest, mode, std::move(callback), nullptr);
    }

    /// Watches `source` as above, but submits the watch at once, at the cost of a system call. If the backend
    /// refuses it, sets `error` and returns an empty Watcher.                           [watch.error_at_once]
    [[nodiscard]] Watcher watch(Watchable auto&& source, Ready interest, Mode mode, WatchCallback callback,
                                std::error_code& error) {
        return watch_source(source_of(source), interest, mode, std::move(callback), &error);
    }

    /// Calls `callback` once, after `duration`: see Timer for when that begins.
    ///
    /// Errors, also of every() and at(): std::bad_alloc; std::invalid_argument if the callback is empty
    [[nodiscard]] Timer after(std::chrono::nanoseconds duration, Callback<void()> callback);

    /// Calls `callback` at each multiple of `period` from its beginning: a late call does not make the next one late.
    ///                                                                                  [timer.no_drift]
    /// Periods that end before their call are skipped, and Timer::missed() counts them. [timer.missed]
    ///
    /// Errors: those of after(); std::invalid_argument if `period` is not positive
    [[nodiscard]] Timer every(std::chrono::nanoseconds period, Callback<void()> callback);

    /// Calls `callback` once, at `time` or as soon as possible after it, but never early.  [timer.never_early]
    [[nodiscard]] Timer at(std::chrono::steady_clock::time_point time, Callback<void()> callback);

    /// Returns the present time by the clock of this Loop, by which timers are due and all else of it is measured:
    /// durations, next_deadline(), LoopOptions::time_per_phase, LoopMetrics. It is the clock of its Selector, see
    /// time::ClockSource, or else the steady clock; after reopen() that of the new Selector.   [loop.clock]
    std::chrono::steady_clock::time_point now() const noexcept;

    /// Calls `function` in the next phase `posted`, as Poster::post() does.
    [[nodiscard]] std::error_code post(Callback<void()>&& function);

    /// Returns a Poster for other threads; it may outlive the Loop.
    Poster poster() const noexcept;

    /// Keeps run() from returning as long as the result lives, as Poster::keep_alive() does.
    [[nodiscard]] KeepAlive keep_alive() const noexcept { return poster().keep_alive(); }

    /// Calls `function` at the end of this turn, or of the next if called in phase `deferred` or `close`.
    ///                                                                                  [loop.defer]
    /// Errors: operation_canceled  the Loop is being destroyed                          [loop.destroyed]
    ///         std::bad_alloc, std::invalid_argument if the function is empty
    [[nodiscard]] std::error_code defer(Callback<void()> function);

    /// Calls `callback` when the process receives `signal`; signals that arrive before the call may be merged into one.
    ///                                                                                  [on_signal.called]
    /// Any number of Loops and watchers may watch the same signal.                      [on_signal.shared]
    /// Windows has SIGINT, SIGTERM and SIGBREAK.
    ///
    /// Errors: invalid_argument         not a signal, or one that cannot be caught      [on_signal.refused]
    ///         operation_not_supported  a fault of the program itself, such as SIGSEGV  [on_signal.refused]
    ///         too_many_files_open      or another error of the two descriptors that the first watcher of a Loop opens
    ///         operation_canceled       the Loop is being destroyed: not thrown, the handle is empty
    ///         each thrown as std::system_error, or set in `error`; bad_alloc and std::invalid_argument as for after()
    [[nodiscard]] SignalWatcher on_signal(int signal, Callback<void()> callback);
    [[nodiscard]] SignalWatcher on_signal(int signal, Callback<void()> callback, std::error_code& error);

    /// Calls `callback` in phase `ready` after each wake of the backend, even one that a post caused. So it can poll an
    /// event_queue() of pollux::notify that is bound to poster(), with a limit for each turn.
    ///                                                                                  [on_wake.called]
    [[nodiscard]] WakeWatcher on_wake(Callback<void()> callback);

    /// Runs turns until nothing is pending, or until stop(). What counts as pending: watches that can be called,
    /// timers, watched signals and wakes, unless in background; posted and deferred functions; KeepAlives. Returns true
    /// if it was stopped while something was pending.                                   [loop.ends]
    ///
    /// Errors, of run(), run_one() and run_for(): an exception that leaves a callback   [loop.exceptions]
    ///         std::logic_error   the Loop is running already
    ///         std::system_error  a watch that the backend refuses                      [watch.refusal_ends_run]
    ///                            a source was closed while watched, and the backend cannot be opened again, which
    ///                            is always so if a Selector was passed to the constructor
    ///                            the error of Selector::select()
    ///                            a signal handler could not wake the Loop; the next run() calls the watchers of the
    ///                            signal                                                [on_signal.failure]
    ///                            the backend refuses the socket that signals use; each run() tries again
    bool run();

    /// Runs turns until one has called a callback; returns false if nothing was pending, or stop() was called before.
    /// A turn that has called a timer or a posted function does not sleep.              [loop.run_one]
    bool run_one();

    /// Runs turns as run() does, at least one, until `duration` is over: the first that begins after it is the last.
    /// Zero or less runs one turn, which does not sleep.                                [loop.run_for]
    bool run_for(std::chrono::nanoseconds duration);

    /// Makes run() return at the end of the turn; if it is not running, the next run() returns at once.
    ///                                                                                  [loop.stop]
    /// Errors: those of Registrator::wake(): the Loop then stops when something else wakes it; the call can be repeated
    ///                                                                                  [loop.stop_again]
    [[nodiscard]] std::error_code stop() noexcept;

    /// Continues in a forked child: opens a new Selector of the same backend, with all watches, timers, signals and
    /// posts as they are in memory, and does not affect those of the parent.            [loop.reopen_in_child]
    /// One-shot watches that were reported stay spent. The child receives the signals that arrive in it; those that
    /// arrived before the fork() belong to the parent. Events that were not handled yet are reported again, so a
    /// callback may fork and reopen, too. In the same process it replaces the Selector.
    ///
    /// Threads: the one that runs the Loop, or any while none does.
    /// Errors:  those of Poll::reopen(), and of a pair of sockets for signals: the Loop stays as it was
    ///          device_or_resource_busy  another thread runs it, or did at the fork()   [loop.reopen_busy]
    [[nodiscard]] std::error_code reopen() noexcept;
    /// Continues as reopen() does, but with `selector`, which the Loop then owns.
    [[nodiscard]] std::error_code reopen(std::unique_ptr<Selector> selector) noexcept;

    // For another event loop in which this one is nested: docs/loop.md, "Nesting".

    /// Returns a descriptor that is readable when the backend has events, wakes and posts of other threads included: an
    /// outer loop waits for it, until next_deadline(), and then calls run_for(0ns).     [nesting.descriptor]
    /// Call prepare() before it sleeps. reopen() closes the descriptor, and so does a turn that opens the backend
    /// again, so compare the result after each turn. See PollableDescriptor for what the caller may do with it.
    ///
    /// Errors: operation_not_supported  the backend has no descriptor: of Pollux's, only epoll and kqueue have one
    ///         no_such_process          the parent of this process opened the Loop      [nesting.forked]
    ///         each thrown as std::system_error, or set in `error`; operation_canceled while it is being destroyed
    Source descriptor() const;
    Source descriptor(std::error_code& error) const noexcept;

    /// Submits the changes of watches to the backend, and lets the durations of new timers begin, as phase `poll` does:
    /// to be called before an outer loop sleeps.                                        [nesting.prepare]
    ///
    /// Errors: std::system_error with no_such_process in a forked child. Refused watches are reported by the next turn.
    void prepare();

    /// Returns the time until which an outer loop may sleep. It is the deadline of the next timer, rounded up to a tick
    /// of the wheel (65.5 us) if that is of the steady clock. It is empty if no timer is set, and a time in the past if
    /// the next turn, or prepare(), has something to do that needs no event.            [nesting.next_deadline]
    std::optional<std::chrono::steady_clock::time_point> next_deadline() const noexcept;

    /// Calls `before` each time that the Loop is about to poll its backend, before it submits changes and decides
    /// whether to sleep, and `after` when it has polled, before it calls back for events, so that another loop can be
    /// nested in it. Either may be empty. Watches, timers, posts and deferred functions that `before` sets count for
    /// this poll.
    ///                                                                                  [nesting.on_poll]
    /// A hook does not keep run() from returning, and its calls count as no callback for run_one().
    ///
    /// Errors: std::bad_alloc; std::invalid_argument if both are empty
    [[nodiscard]] PollHook on_poll(Callback<void()> before, Callback<void()> after);

    LoopMetrics metrics() const;

    /// Returns which backend was opened, and why; empty if a Selector was passed to the constructor.
    const Choice& choice() const noexcept;

  private:
    class State;
    explicit Loop(Poll poll, const LoopOptions& options);
    Watcher watch_source(Source source, Ready interest, Mode mode, WatchCallback callback, std::error_code* error);

    std::unique_ptr<State> state_;
};

} // namespace pollux::loop
