// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>
#include <pollux/loop/handle.hpp>

#include <system_error>

namespace pollux::loop {

/// A Watcher is a handle that owns a watch of a Loop. The source may be closed as soon as the watch has ended.
///                                                                                      [watch.close_at_once]
///
///     auto watcher = loop.watch(socket, Ready::readable, Mode::level, [&](Ready ready) { ... });
///     watcher.change(Ready::readable | Ready::writable);
///
/// A watch and its changes are submitted to the backend before the Loop polls it the next time; until then changes that
/// cancel each other cost no system call.                                               [watch.changes_cancel]
///
/// Threads and Lifetime: as for Handle.
/// Errors: when the backend refuses the watch, a change or a rearm(), run() ends with a std::system_error whose text
///         names the file descriptor, the backend and the reason                        [watch.refusal_ends_run]
///         unless the callback takes a std::error_code: then it is called with Ready::failed and the error
///                                                                                      [watch.refused]
///         Each refusal is reported once. The other watches are not affected, and run() may be called again.
/// Closing: the program should close a source after its Watcher has ended. If it was closed before, and a watch of the
///         next file with the same file descriptor is submitted, the stale watch ends: its error() is
///         bad_file_descriptor, and neither its Watcher's end nor its callback affects the new one
///                                                                                      [watch.descriptor_reused]
///         This needs a file that fstat(2) can distinguish from another, which it cannot for two eventfds, timerfds or
///         opens of one device, nor for two sockets under Windows; there the backend decides, and some refuse the new
///         watch as a duplicate (file_exists).
class Watcher : public Handle {
  public:
    Watcher() noexcept = default;

    /// Replaces the interest, and the mode if given. No callback runs from now on for a condition that was only part of
    /// the former interest, even for an event that the Loop has already received.       [watch.change]
    /// Arms a one-shot watch that was reported,                                         [watch.oneshot]
    /// and submits a refused watch once more.
    ///
    /// Without a promise in `interest` the watch is paused: not called until the next change, whatever happens to its
    /// source.                                                                          [watch.paused]
    ///
    /// If interest and mode are unchanged, this checks by one fstat(2) whether the file descriptor still refers to the
    /// file that was submitted, and watches the new file if not: for libraries that close and reopen a file descriptor
    /// themselves, and then request the same interest.                                  [watch.descriptor_reopened]
    void change(Ready interest) noexcept;
    void change(Ready interest, Mode mode) noexcept;

    /// Makes the backend report again what is ready, in each mode, at the cost of a system call.
    ///                                                                                  [watch.rearm]
    void rearm() noexcept;

    /// Returns the error with which the backend refused the watch, as of Registrator::add() and modify(); no error if
    /// it did not. operation_canceled if the Watcher is empty; bad_file_descriptor if its source was closed and the
    /// file descriptor has another watch.
    [[nodiscard]] std::error_code error() const noexcept;

  private:
    friend class Loop;
    using Handle::Handle;
};

} // namespace pollux::loop
