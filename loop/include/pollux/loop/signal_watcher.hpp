// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/handle.hpp>

namespace pollux::loop {

/// A SignalWatcher is a handle that owns a callback for a signal. When the last watcher of a signal in the process
/// ends, the former disposition of the signal is restored.                              [on_signal.restores]
///
/// Threads and Lifetime: as for Handle.
class SignalWatcher : public Handle {
  public:
    SignalWatcher() noexcept = default;

  private:
    friend class Loop;
    using Handle::Handle;
};

} // namespace pollux::loop
