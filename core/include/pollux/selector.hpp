// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/capabilities.hpp>
#include <pollux/registrator.hpp>

#include <span>

namespace pollux {

/// A Selector reports which of the watched sources are ready. A plugin opens it, and a layer may wrap it.
///
/// Threads:   One thread at a time calls select(); any thread calls registrator().
///            Selectors share nothing: two in two threads do not disturb each other.    [selector.independent]
///            Calls in any order, by any threads, do what the rules state.              [sequences.random]
/// Lifetime:  It may be destroyed only while no call to it or its Registrator runs.
///            The sources that it watched stay open and usable.                         [selector.leaves_sources_open]
///            It releases all that it opened,                                           [selector.no_leak]
///            and holds no more of it the longer it is used.                            [selector.no_growth]
/// Processes: It belongs to the process that opened it. In a forked child, which shares its
///            kernel objects, each call returns no_such_process and does nothing.       [fork.calls_refused]
///            Its destruction there only closes and unmaps.                             [fork.child_destroys]
///            Neither that nor a child that exits or execs disturbs the parent.         [fork.parent_unharmed]
///            A child opens a Selector of its own.
///            exec closes the file descriptors that it opened, in whichever call.       [selector.close_on_exec]
///            These may have any number.                                                [selector.high_descriptors]
///            None of these is a standard stream, even if the program was started without
///            standard streams.                                                         [selector.standard_streams]
///            Sources that were watched before the program lowered RLIMIT_NOFILE are
///            still reported,                                                           [selector.lowered_limit]
///            and their ends do not make select() spin.                                [selector.lowered_limit_no_spin]
class Selector {
  public:
    virtual ~Selector() = default;

    /// Returns the Registrator of this Selector; the same object each time.
    virtual Registrator& registrator() noexcept = 0;

    /// Waits for a ready source, a wake, the end of `timeout`, or a signal handler. Returns the events,
    /// which fill `buffer` from its front: never more than its size,                    [buffer.cap]
    /// whatever that is.                                                                [buffer.rooms]
    ///
    /// Events that do not fit into `buffer` are reported by later calls;                [buffer.lossless]
    /// none is lost.                                                                    [overload.lossless]
    /// Sources take turns:                                                              [buffer.fair]
    /// one that is always ready delays neither a wake nor another source,               [wake.fair]
    /// and a wake delays no source,                                                     [buffer.room_for_wake]
    /// even if sources take all space of `buffer`.                                      [wake.full_buffer]
    ///
    /// No event and no error: the timeout is over, or a signal handler ran; no event is lost. [signal.returns]
    /// A timeout never ends early, by the steady clock or, if there is one, the extension time::ClockSource:
    ///                                                                                  [timeout.never_early]
    /// it is rounded up to the units of the system.                                     [timeout.rounds_up]
    /// On an idle machine it is late by at most Capabilities::timeout_resolution        [timeout.resolution]
    /// or, as systems delay long waits to save power, by a hundredth of it.             [timeout.lengths]
    /// Changes, failed calls and paused or spent watches neither shorten nor prolong it, [timeout.beside_changes]
    /// nor do signals prolong it.                                                       [signal.timeouts]
    /// A select() without a limit sleeps without a limit.                               [timeout.endless]
    /// A sleeping select() uses no processor time,                                      [selector.idle]
    /// whether or not it has a timeout, and its thread sleeps through.                  [selector.timed_idle]
    ///
    /// Handlers of signals run while it sleeps, at once.                                [signal.handled_at_once]
    /// No call changes the signals that are blocked, or their handlers.                 [signal.mask]
    ///
    /// Errors: invalid_argument     `buffer` is empty                                   [buffer.empty]
    ///         no_such_process      another process opened the Selector                 [fork.calls_refused]
    ///         bad_file_descriptor  its own descriptors were closed, as by closefrom(3) in
    ///                              a daemon; select() does not spin                    [selector.descriptors_closed]
    ///                              They may even be closed while select() sleeps: then
    ///                              wake() may not end the sleep, but a signal does
    ///                              [selector.descriptors_closed_while_waiting]
    ///         `error` is cleared on success. On failure there are no events.
    virtual std::span<const Event> select(std::span<Event> buffer, Timeout timeout,
                                          std::error_code& error) noexcept = 0;

    /// Returns what this Selector can do; the same object each time. Those of a backend are
    /// the ones that its plugin declares,                                               [selector.capabilities]
    /// those of a layer depend on the Selector that it wraps.
    /// Lifetime: as long as the Selector.
    virtual const Capabilities& capabilities() const noexcept = 0;

    /// Returns a second interface of this Selector, or null if it has none with this id.   [selector.unknown_extension]
    /// extension_of() finds one by its type. An id names an interface and its version,
    /// "pollux.pollable_descriptor/1". Later versions add extensions only: this class never
    /// gains a function.
    ///
    /// A layer returns only extensions that it understands, and never forwards an id that it
    /// does not know, as a call past the layer would bypass it.                         [layer.unknown_extension]
    /// Lifetime: as long as the Selector.
    /// Threads:  any; each extension states which threads may call its functions.
    virtual void* extension(const char* /*id*/) noexcept { return nullptr; }

  protected:
    Selector() = default;
    Selector(const Selector&) = delete;
    Selector& operator=(const Selector&) = delete;
};

/// Returns the extension of type `E`, or null if the Selector has none. `E::id` is its id.
template <typename E>
E* extension_of(Selector& selector) noexcept {
    return static_cast<E*>(selector.extension(E::id));
}

} // namespace pollux
