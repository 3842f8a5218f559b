// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/callback.hpp>
#include <pollux/loop_metrics.hpp>
#include <pollux/loop_options.hpp>
#include <pollux/poll.hpp>
#include <pollux/poster.hpp>
#include <pollux/signal_watcher.hpp>
#include <pollux/timer.hpp>
#include <pollux/wake_watcher.hpp>
#include <pollux/watch_callback.hpp>
#include <pollux/watcher.hpp>

#include <chrono>
#include <memory>
#include <system_error>
#include <utility>

namespace pollux {

/// A Loop waits for sources, timers, signals and the functions that other threads post, and calls back. docs/loop.md
/// has the cost of each call.
///
///     pollux::Loop loop;
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
///     poll      submits the changes of watches, takes events from the backend; sleeps if there is nothing to do
///     ready     calls the watches of these events, and the watchers of signals and wakes
///     deferred  calls what was deferred
///     close     destroys the callbacks of handles that ended
///
/// A phase that has more to do than LoopOptions allows continues in the next turn, which does not sleep, so no phase
/// keeps the others from running.                                                       [loop.budget]
///
/// After a handle has ended or changed, no callback runs for its former state: not for an event that the backend has
/// reported already, and not if the source was closed and its file descriptor reused.   [loop.no_stale_callback]
///
/// epoll(7) may report a source that was closed before its Watcher ended for ever, if a duplicate keeps its file open:
/// by dup(2), or in a forked child. A Loop that receives such events in eight polls in a row opens the backend again,
/// with all watches, and continues. LoopMetrics::reopened counts this, and a debug build of the library names the
/// source on standard error.                                                            [loop.lingering]
///
/// Threads:  one thread at a time may use it, except for post(), poster(), keep_alive() and stop(), which any thread
///           may call, even during run(). Callbacks run in the thread that runs the Loop. While a thread runs it, a
///           debug build of the library (without NDEBUG) ends the process, with a line on standard error, when another
///           thread calls any other function of the Loop or of its handles.             [loop.wrong_thread]
///           A thread may not be cancelled by pthread_cancel(3) while it waits in run(): that ends the process, see
///           Poll. In a callback, a cancellation leaves run() as an exception does.
/// Errors:   an exception that leaves a callback leaves run(). The Loop stays usable: the rest of the phase is
///           not lost, and run() may be called again.                                   [loop.exceptions]
/// Lifetime: may not be destroyed by its own callbacks. Handles, Posters and KeepAlives may outlive it. The destructor
///           destroys what was not called, and leaves sources open. Objects that it destroys together with callbacks
///           may call the Loop: defer() and post() return operation_canceled, functions that make a handle make an
///           empty one, and run() returns false.                                        [loop.destroyed]
/// Processes: belongs to the process that opened it. A forked child may destroy it, which does not affect the parent's,
///           or continue with it after reopen(). Before that, run() throws no_such_process, and other calls take effect
///           after reopen(). A child that is forked while another thread runs the Loop can only destroy it.
///                                                                                      [loop.forked]
class Loop {
  public:
    /// Opens a backend.
    ///
    /// Errors: OpenError with the whole diagnostic; std::invalid_argument if an option is out of range
    explicit Loop(const Request& request = {}, const LoopOptions& options = {});
    /// Takes ownership of any Selector, such as a layer; not null.
    explicit Loop(std::unique_ptr<Selector> selector, const LoopOptions& options = {});
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Calls `callback` with what is ready, each time that the backend reports `source`; see Watch and Mode for what
    /// and when. A source may have one watch in a Loop. This costs no system call until the Loop takes events, then
    /// two, and none at all if the watch has ended by then.                             [watch.changes_cancel]
    ///
    /// Errors: std::system_error      the capabilities of the backend rule out the mode, or Ready::priority
    ///                                                                                  [watch.refused_at_once]
    ///         std::bad_alloc; std::invalid_argument if the callback is empty
    ///         A watch that the backend itself refuses ends run() with a std::system_error, once, or is reported to the
    ///         callback if that takes the error: see Watcher.
    [[nodiscard]] Watcher watch(Watchable auto&& source, Ready interest, Mode mode, WatchCallback callback) {
        return watch_source(source_of(source), interest, mode, std::move(callback), nullptr);
    }

    /// Does the same, but submits the watch to the backend at once, at the cost of a system call. If the backend
    /// refuses it, `error` has the reason and the result is empty.                      [watch.error_at_once]
    [[nodiscard]] Watcher watch(Watchable auto&& source, Ready interest, Mode mode, WatchCallback callback,
                                std::error_code& error) {
        return watch_source(source_of(source), interest, mode, std::move(callback), &error);
    }

    /// Calls `callback` once, after `duration`: see Timer for when that begins.
    ///
    /// Errors: std::bad_alloc; std::invalid_argument if the callback is empty; as for every() and at()
    [[nodiscard]] Timer after(std::chrono::nanoseconds duration, Callback<void()> callback);

    /// Calls `callback` after each period, on a fixed grid: a late call does not make the next one late.
    ///                                                                                  [timer.no_drift]
    /// Periods that end before their call are skipped, and Timer::missed() counts them. [timer.missed]
    ///
    /// Errors: those of after(); std::invalid_argument if `period` is not positive
    [[nodiscard]] Timer every(std::chrono::nanoseconds period, Callback<void()> callback);

    /// Calls `callback` once, at `time` or as soon as possible after it, but never early.  [timer.never_early]
    [[nodiscard]] Timer at(std::chrono::steady_clock::time_point time, Callback<void()> callback);

    /// Calls `function` in the next phase `posted`, as Poster::post() does.
    std::error_code post(Callback<void()>&& function);

    /// Returns a handle to this Loop for other threads, which may outlive it.
    Poster poster() const noexcept;

    /// Keeps run() from returning as long as the result lives, as Poster::keep_alive() does.
    [[nodiscard]] KeepAlive keep_alive() const noexcept { return poster().keep_alive(); }

    /// Calls `function` at the end of this turn, or of the next if called in phase `deferred` or `close`.
    ///                                                                                  [loop.defer]
    /// Errors: operation_canceled  the Loop is being destroyed                          [loop.destroyed]
    ///         std::bad_alloc, std::invalid_argument if the function is empty
    std::error_code defer(Callback<void()> function);

    /// Calls `callback` when the process receives `signal`; signals that arrive before the call may be merged into one.
    ///                                                                                  [on_signal.called]
    /// Any number of Loops and watchers may watch the same signal.                      [on_signal.shared]
    /// Windows has SIGINT, SIGTERM and SIGBREAK.
    ///
    /// Errors: invalid_argument         not a signal, or one that cannot be caught      [on_signal.refused]
    ///         operation_not_supported  a fault of the program itself, such as SIGSEGV  [on_signal.refused]
    ///         too_many_files_open      or another error of the two descriptors that the first watcher of a Loop opens
    ///         operation_canceled       the Loop is being destroyed: nothing is thrown, the handle is empty
    ///         as std::system_error, or in `error`; std::bad_alloc, std::invalid_argument if the callback is empty
    [[nodiscard]] SignalWatcher on_signal(int signal, Callback<void()> callback);
    [[nodiscard]] SignalWatcher on_signal(int signal, Callback<void()> callback, std::error_code& error);

    /// Calls `callback` after each wake of the backend, even one that a post caused. So it can poll, in phase `ready`,
    /// an event_queue() that is bound to poster(), as many tokens a turn as it chooses. [on_wake.called]
    [[nodiscard]] WakeWatcher on_wake(Callback<void()> callback);

    /// Turns until nothing is pending, or until stop(). Pending are watches that can be called, timers, signals and
    /// wakes that are watched, unless in background; posted and deferred functions, and KeepAlives. Returns true if it
    /// was stopped while something was pending.                                             [loop.ends]
    ///
    /// Errors, of run(), run_one() and run_for(): an exception that leaves a callback   [loop.exceptions]
    ///         std::logic_error   the Loop is running already
    ///         std::system_error  a watch that the backend refuses                      [watch.refusal_ends_run]
    ///                            a source that was closed too early, if the backend cannot be opened again because a
    ///                            Selector was given
    ///                            the error of Selector::select()
    ///                            a signal handler could not wake the Loop; the next run() calls the watchers of the
    ///                            signal                                                [on_signal.failure]
    bool run();

    /// Turns until a turn has called something; returns false if nothing was pending, or stop() was called before. A
    /// turn that has called a timer or a posted function does not sleep.                [loop.run_one]
    bool run_one();

    /// Does what run() does, for at most `duration`, but at least one turn: the first turn that begins after that time
    /// is the last. Zero or less is one turn, which does not sleep.                     [loop.run_for]
    bool run_for(std::chrono::nanoseconds duration);

    /// Makes run() return at the end of the turn; if it is not running, the next run() returns at once.
    ///                                                                                  [loop.stop]
    /// Errors: those of Registrator::wake(): the Loop stops when something else wakes it, or after another call of this
    ///                                                                                  [loop.stop_again]
    std::error_code stop() noexcept;

    /// Continues in a forked child: opens a new Selector of the same backend, with all watches, timers, signals and
    /// posts as they are in memory, and does not affect those of the parent.            [loop.reopen_in_child]
    /// One-shot watches that were reported stay spent. The child receives the signals that arrive in it; those that
    /// arrived before the fork() belong to the parent. Events that were not handled yet are reported again, so a
    /// callback may fork and reopen, too. In the same process this makes a new set in the kernel.
    ///
    /// Threads: the one that runs the Loop, or any while none does.
    /// Errors:  those of Poll::reopen(), and of a pair of sockets for signals: the Loop stays as it was
    ///          device_or_resource_busy  another thread runs it, or did at the fork()   [loop.reopen_busy]
    std::error_code reopen() noexcept;
    /// Continues with a given Selector, as for Loop(selector).
    std::error_code reopen(std::unique_ptr<Selector> selector) noexcept;

    LoopMetrics metrics() const;

    /// Returns which backend this is, and why it was chosen; empty if a Selector was given.
    const Choice& choice() const noexcept;

  private:
    class State;
    Watcher watch_source(Source source, Ready interest, Mode mode, WatchCallback callback, std::error_code* error);

    std::unique_ptr<State> state_;
};

} // namespace pollux
