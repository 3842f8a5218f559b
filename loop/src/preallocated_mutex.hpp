// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/mutex.hpp>

namespace pollux::loop {

/// A PreallocatedMutex is a mutex whose lock() does not fail: on systems where the first lock() of a mutex allocates
/// memory, the constructor throws instead.
class PreallocatedMutex : public Mutex {
  public:
    PreallocatedMutex() {
        lock();
        unlock();
    }
};

} // namespace pollux::loop
