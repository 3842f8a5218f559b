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

/// A Poll that calls back: for sources, timers, signals and work of other threads. docs/loop.md says what each call
/// costs.
///
///     pollux::Loop loop;
///     auto watcher = loop.watch(socket, Ready::readable, Mode::level, [&](Ready) { read(socket); });
///     auto timer = loop.every(1s, [&] { report(); });
///     loop.run();
///
/// It works in turns, each of six phases in this order [loop.phases]:
///
///     ┌▶ timers ──▶ posted ──▶ poll ──▶ ready ──▶ deferred ──▶ close ─┐
///     └───────────────────────────────────────────────────────────────┘
///
///     timers    calls the timers that are due, in the order of their deadlines [timer.order]
///     posted    calls what was posted before the phase began
///     poll      hands over what changed of the watches, asks the engine for events; sleeps if there is nothing to do
///     ready     calls the watches of these events, and those of signals and wakes
///     deferred  calls what was deferred
///     close     destroys the callbacks of handles that ended
///
/// A phase that has more to do than LoopOptions allows goes on in the next turn, which does not sleep, so none keeps
/// the others from their turn [loop.budget].
///
/// After a handle has ended or changed no callback of its former self runs, also not for an event that the engine has
/// reported already, also not if its source was closed and the number reused meanwhile [loop.nothing_stale].
///
/// A source that is closed before its Watcher has ended may be reported for ever by epoll(7), if a duplicate keeps its
/// file open: by dup(2), or in a forked child. A Loop that receives such events in eight polls in a row opens the
/// backend again, with all watches, and goes on; LoopMetrics::reopened counts this, and a debug build of the library
/// names the source on standard error [loop.lingering].
///
/// Threads:  of one thread at a time, except for post(), poster(), hold() and stop(), which any thread may call,
///           beside run(). Callbacks run in the thread that runs the Loop. While a thread runs it, a debug build of the
///           library (without NDEBUG) ends the process, with a line on standard error, when another thread calls
///           anything else, of the Loop or of its handles [loop.wrong_thread].
///           A thread in run() must not be cancelled by pthread_cancel(3) while it waits: that ends the process, see
///           Poll. In a callback, a cancellation leaves run() as an exception does.
/// Errors:   an exception that leaves a callback leaves run(). The Loop is sound: the rest of the phase has not been
///           lost, and run() may be called again [loop.exceptions].
/// Lifetime: not destroyed by its own callbacks. Handles, Posters and Holds may outlive it. What was not called is
///           destroyed; sources stay open. Whatever the callbacks own may ask anything of the Loop when it is destroyed
///           with them: defer() and post() return operation_canceled, whatever makes a handle makes an empty one, and
///           run() returns false [loop.destroyed].
/// Processes: belongs to the process that opened it. A forked child may destroy it, which leaves the parent's as it is,
///           or go on with it by reopen(). Before that, run() throws no_such_process [loop.forked]; other calls wait
///           for reopen(). A child that is forked while another thread runs the Loop can only destroy it.
class Loop {
  public:
    /// Opens a backend. Errors: OpenError with the whole story; std::invalid_argument for options out of range.
    explicit Loop(const Request& request = {}, const LoopOptions& options = {});
    /// Takes any Selector: a layer, one of your own; not null.
    explicit Loop(std::unique_ptr<Selector> selector, const LoopOptions& options = {});
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Calls back with what is ready of the source, each time it is reported; see Watch and Mode for what and when. A
    /// source may have one watch in a Loop. Costs no system call until the Loop asks for events, then two, and none at
    /// all if it has ended by then [watch.changes_cancel].
    ///
    /// Errors: std::system_error      the capabilities of the backend rule out the mode, or Ready::priority
    ///                                                                                  [watch.refused_at_once]
    ///         std::bad_alloc; std::invalid_argument if the callback is empty
    ///         What the backend itself refuses leaves run() as a std::system_error, once, or calls the callback if that
    ///         takes the error: see Watcher.
    [[nodiscard]] Watcher watch(Watchable auto&& source, Ready interest, Mode mode, WatchCallback callback) {
        return watch_source(source_of(source), interest, mode, std::move(callback), nullptr);
    }

    /// The same, but the backend is given the watch at once, at the cost of a system call, and `error` receives what
    /// it refuses: the result is empty then [watch.error_at_once].
    [[nodiscard]] Watcher watch(Watchable auto&& source, Ready interest, Mode mode, WatchCallback callback,
                                std::error_code& error) {
        return watch_source(source_of(source), interest, mode, std::move(callback), &error);
    }

    /// Calls once, after a duration: see Timer for when it begins.
    ///
    /// Errors, of all three: std::bad_alloc; std::invalid_argument if the callback is empty or the period not positive.
    [[nodiscard]] Timer after(std::chrono::nanoseconds duration, Callback<void()> callback);

    /// Calls after each period, by a fixed grid: a late call does not make the next one late [timer.no_drift].
    /// Periods that are over before their call are skipped, and Timer::missed() counts them [timer.missed].
    [[nodiscard]] Timer every(std::chrono::nanoseconds period, Callback<void()> callback);

    /// Calls once, at a point in time; in the past is as soon as possible. Never early [timer.never_early].
    [[nodiscard]] Timer at(std::chrono::steady_clock::time_point time, Callback<void()> callback);

    /// Calls a function in the next phase `posted`: as Poster::post().
    std::error_code post(Callback<void()>&& function);

    /// A handle to this Loop for other threads, which may outlive it.
    Poster poster() const noexcept;

    /// As poster().hold().
    [[nodiscard]] Hold hold() const noexcept { return poster().hold(); }

    /// Calls a function at the end of this turn; from phase `deferred` or `close`, of the next [loop.defer].
    ///
    /// Errors: operation_canceled  the Loop is being destroyed                          [loop.destroyed]
    ///         std::bad_alloc, std::invalid_argument if the function is empty
    std::error_code defer(Callback<void()> function);

    /// Calls back when the process is sent the signal [on_signal.called]; signals that arrive before the call may be
    /// one. Any number of Loops and watchers may watch the same signal [on_signal.shared]. Under Windows there are
    /// SIGINT, SIGTERM and SIGBREAK.
    ///
    /// Errors: invalid_argument         no signal, or one that cannot be caught        [on_signal.refused]
    ///         operation_not_supported  a fault of the program itself, such as SIGSEGV [on_signal.refused]
    ///         too_many_files_open      or what else keeps the system from giving two descriptors to the first one
    ///         operation_canceled       the Loop is being destroyed: nothing is thrown, the handle is empty
    ///         as std::system_error, or in `error`; std::bad_alloc, std::invalid_argument if the callback is empty
    [[nodiscard]] SignalWatcher on_signal(int signal, Callback<void()> callback);
    [[nodiscard]] SignalWatcher on_signal(int signal, Callback<void()> callback, std::error_code& error);

    /// Calls back after each wake of the engine, by whomever: also by a post. So an event_queue() that is bound to
    /// poster() is polled in phase `ready`, as many tokens a turn as the callback likes [on_wake.called].
    [[nodiscard]] WakeWatcher on_wake(Callback<void()> callback);

    /// Turns until nothing is pending, or stop(). Pending are watches that can be called, timers, signals and wakes
    /// that are watched, unless in background; posted and deferred functions, and Holds [loop.ends]. True: something
    /// is, so it was stopped.
    ///
    /// Errors: of all three: what leaves a callback [loop.exceptions]; std::logic_error if it is running already;
    ///         std::system_error for a watch that the backend refuses [watch.refusal_ends_run], for a source that was
    ///         closed too early if the backend cannot be opened again, as a given Selector; with the error of
    ///         Selector::select(); or of a signal handler that could not wake the Loop, whose signals are called by the
    ///         next run() [on_signal.failure].
    bool run();

    /// Turns until one has called something; false if nothing was pending, or stop() came before. A turn that has
    /// called a timer or a posted function does not sleep afterwards [loop.run_one].
    bool run_one();

    /// As run(), for so long at most, but one turn at least: the first that begins when the time is over is the last
    /// [loop.run_for]. Zero and less is one turn, which does not sleep.
    bool run_for(std::chrono::nanoseconds duration);

    /// Lets run() return at the end of the turn; the next one, at once, if it is not running [loop.stop].
    ///
    /// Errors: those of Registrator::wake(): the Loop stops when something else wakes it; call it again
    ///         [loop.stop_again]
    std::error_code stop() noexcept;

    /// Goes on in a forked child: opens a new Selector of the same backend there, with all watches, timers, signals and
    /// posts as they are in memory, and leaves those of the parent alone [loop.reopen_in_child]. One-shot watches that
    /// were reported stay spent. Signals that arrive in the child are its own, those that arrived before the fork() are
    /// the parent's. Events that were not handled yet are reported again, so a callback may fork and reopen, too. In
    /// the same process, it makes a fresh set in the kernel.
    ///
    /// Threads: the one that runs the Loop, or any while none does.
    /// Errors:  those of Poll::reopen(), and of a pair of sockets for signals: the Loop stays as it was
    ///          device_or_resource_busy  another thread runs it, or did at the fork()   [loop.reopen_busy]
    std::error_code reopen() noexcept;
    /// With a given Selector, as Loop(selector).
    std::error_code reopen(std::unique_ptr<Selector> selector) noexcept;

    LoopMetrics metrics() const;

    /// Which backend this is, and why; says nothing if a Selector was given.
    const Choice& choice() const noexcept;

  private:
    class State;
    Watcher watch_source(Source source, Ready interest, Mode mode, WatchCallback callback, std::error_code* error);

    std::unique_ptr<State> state_;
};

} // namespace pollux
