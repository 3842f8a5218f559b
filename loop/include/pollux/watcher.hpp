// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>
#include <pollux/handle.hpp>

#include <system_error>

namespace pollux {

/// A watch of a Loop: ends when this dies. The source may then be closed at once [watch.close_at_once].
///
///     auto watcher = loop.watch(socket, Ready::readable, Mode::level, [&](Ready ready) { ... });
///     watcher.change(Ready::readable | Ready::writable);
///
/// What it asks for is submitted to the backend before the Loop asks for events the next time; until then changes that
/// cancel each other cost no system call [watch.changes_cancel].
///
/// Threads and Lifetime: as Handle.
/// Errors: when the backend refuses the watch, a change or a rearm(), run() ends with a std::system_error whose text
///         names the descriptor, the backend and the reason                            [watch.refusal_ends_run]
///         unless the callback takes a std::error_code: then it is called with Ready::failed and the error
///                                                                                     [watch.refused]
///         Each refusal is reported once. The other watches are not affected, and run() may be called again.
/// Closing: a source is closed after its Watcher has ended. If it was closed before, and a watch of the next file with
///         the same descriptor is submitted, the stale watch ends: its error() is bad_file_descriptor, and neither its
///         Watcher's end nor its callback affects the new one                          [watch.number_reused]
///         This needs a file that fstat(2) tells from another. It does not tell two eventfds, timerfds or opens of one
///         device apart, nor two sockets under Windows; there the backend decides, and some refuse the new watch as a
///         duplicate (file_exists).
class Watcher : public Handle {
  public:
    Watcher() noexcept = default;

    /// Asks for something else from now on: no callback comes that has only what was asked for before
    /// [watch.change], even for an event that the Loop has already. Arms a one-shot watch that was reported
    /// [watch.oneshot], and tries again what was refused.
    ///
    /// Without a promise in `interest` the watch is paused: not called until the next change, whatever happens to its
    /// source [watch.paused].
    ///
    /// With the `interest` and `mode` that it has, this checks by one fstat(2) whether the descriptor is still that of
    /// the file that was submitted, and watches the new one if not [watch.came_back]: for libraries that close and
    /// reopen a descriptor themselves, and then ask for the same.
    void change(Ready interest) noexcept;
    void change(Ready interest, Mode mode) noexcept;

    /// Has the backend report again what is ready, in each mode, at the cost of a system call [watch.rearm].
    void rearm() noexcept;

    /// The error with which the backend refused it, as of Registrator::add() and modify(); none if it did not.
    /// operation_canceled if the Watcher is empty; bad_file_descriptor if its source was closed and the descriptor has
    /// another watch.
    std::error_code error() const noexcept;

  private:
    friend class Loop;
    using Handle::Handle;
};

} // namespace pollux
