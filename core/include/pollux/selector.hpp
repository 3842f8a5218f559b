// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/registrator.hpp>

#include <span>

namespace pollux {

/// The way out: says which of the watched sources are ready. What a plugin makes, and what a layer wraps.
///
/// Threads:   select() by one thread at a time; registrator() from any.
/// Lifetime:  destroyed when no call to it or to its Registrator is under way. The sources that it watched stay
///            open and usable [selector.leaves_sources_open]; everything of its own is released
///            [selector.no_leak].
/// Processes: it belongs to the process that made it. In a forked child, which shares its kernel objects, each call
///            returns no_such_process and does nothing [fork.calls_refused], and its destruction only closes and unmaps
///            [fork.child_destroys]: neither that nor a child that exits or execs disturbs the parent
///            [fork.parent_unharmed]. A child opens a Selector of its own. What it opened is closed by exec
///            [selector.close_on_exec], and is never a standard stream, also in a program that was started without
///            them [selector.standard_streams]. It needs no descriptors of the limit (RLIMIT_NOFILE) for what it has
///            watched before that was lowered [selector.lowered_limit].
/// Selectors share nothing: two in two threads do not disturb each other [selector.independent].
class Selector {
  public:
    virtual ~Selector() = default;

    /// The way in to this Selector; the same object each time.
    virtual Registrator& registrator() noexcept = 0;

    /// Waits until something is ready, `timeout` is over, or a signal handler ran; returns the events, which fill
    /// `buffer` from its front: never more than it has room for [buffer.cap].
    ///
    /// What found no room comes with a later call, nothing is lost [buffer.lossless] [storm.lossless], and each
    /// source has its turn [buffer.fair]: one that is always ready keeps back neither a wake nor another source
    /// [fair.wake], and a wake keeps back no source [buffer.room_for_wake].
    ///
    /// Empty and no error: the time is over, or a signal was handled, which loses no event [signal.returns]. It
    /// is never early [timeout.never_early] [timeout.rounds_up], and late by no more than
    /// Capabilities::timeout_resolution on an idle machine [timeout.resolution]. A sleeping select() uses no
    /// processor time [selector.idle].
    ///
    /// Errors: invalid_argument     `buffer` is empty                                   [buffer.empty]
    ///         no_such_process      another process made the Selector                   [fork.calls_refused]
    ///         bad_file_descriptor  its own descriptors were closed, as closefrom(3)
    ///                              does in a daemon; it never spins instead            [selector.closed_under_it]
    ///                              and beside a sleep, which wake() may not end then,
    ///                              but a signal does                                   [selector.closed_while_asleep]
    ///         `error` is cleared on success; on failure the events are none.
    virtual std::span<const Event> select(std::span<Event> buffer, Timeout timeout,
                                          std::error_code& error) noexcept = 0;

  protected:
    Selector() = default;
    Selector(const Selector&) = delete;
    Selector& operator=(const Selector&) = delete;
};

/// Why a Selector could not be opened: the step that failed, in words that live as long as the program
/// ("epoll_create1"), and its error [open.limits].
struct OpenFailure {
    std::error_code error;
    const char* step = "";
};

} // namespace pollux
