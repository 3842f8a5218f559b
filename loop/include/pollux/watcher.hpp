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
/// What it asks for is handed over to the engine before the next time the Loop looks for events; until then changes
/// that cancel each other cost no system call [watch.changes_cancel].
///
/// Threads and Lifetime: as Handle.
/// Errors: what the engine refuses comes through the callback, once, as Ready::failed, and error() says why
///         [watch.refused].
class Watcher : public Handle {
  public:
    Watcher() noexcept = default;

    /// Asks for something else from now on: no callback comes that has only what was asked for before
    /// [watch.change], also not for an event that the Loop has already. With none it is paused. Arms a one-shot
    /// watch that was reported [watch.oneshot], and tries again what was refused.
    void change(Ready interest) noexcept;
    void change(Ready interest, Mode mode) noexcept;

    /// Asks to be told anew of what is ready, in each mode, at the cost of a system call [watch.rearm].
    void rearm() noexcept;

    /// Why the engine refused it: as Registrator::add() and modify(); none if it did not.
    /// operation_canceled if it is empty.
    std::error_code error() const noexcept;

  private:
    friend class Loop;
    using Handle::Handle;
};

} // namespace pollux
