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
/// Processes: what it opened is closed by exec [selector.close_on_exec], and a forked child that only exits or
///            execs does not disturb the parent [fork.parent_unharmed]. To use one from both sides of a fork() is
///            a caller's error.
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
    /// Errors: invalid_argument  `buffer` is empty                                      [buffer.empty]
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
