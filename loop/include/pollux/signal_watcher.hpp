// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/handle.hpp>

namespace pollux {

/// A signal that a Loop watches: when the last watcher of it in the process dies, what the signal did before is
/// restored [on_signal.restores].
///
/// Threads and Lifetime: as Handle.
class SignalWatcher : public Handle {
  public:
    SignalWatcher() noexcept = default;

  private:
    friend class Loop;
    using Handle::Handle;
};

} // namespace pollux
