// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/handle.hpp>

namespace pollux::loop {

/// A WakeWatcher is a handle that owns a callback for the wakes of a Loop.
///
/// Threads and Lifetime: as for Handle.
class WakeWatcher : public Handle {
  public:
    WakeWatcher() noexcept = default;

  private:
    friend class Loop;
    using Handle::Handle;
};

} // namespace pollux::loop
