// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/loop/handle.hpp>

namespace pollux::loop {

/// A PollHook is a handle that owns the two callbacks of Loop::on_poll(). It is in the background from the beginning.
///
/// Threads and Lifetime: as for Handle.
class PollHook : public Handle {
  public:
    PollHook() noexcept = default;

  private:
    friend class Loop;
    using Handle::Handle;
};

} // namespace pollux::loop
