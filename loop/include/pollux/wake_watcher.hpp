// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/handle.hpp>

namespace pollux {

/// A callback for the wakes of a Loop: ends when this dies.
///
/// Threads and Lifetime: as Handle.
class WakeWatcher : public Handle {
  public:
    WakeWatcher() noexcept = default;

  private:
    friend class Loop;
    using Handle::Handle;
};

} // namespace pollux
