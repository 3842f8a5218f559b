// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/mutex.hpp>

namespace pollux::loop {

/// A Forever holds a static object that is never destroyed, for Loops that are destroyed when the program ends. It
/// allocates nothing.
template <typename T>
union Forever {
    T value;
    Forever() : value{} {}
    ~Forever() {} // NOLINT(modernize-use-equals-default)
};

/// A mutex whose lock() does not fail: on systems where the first lock() of a mutex allocates memory, the constructor
/// throws instead.
class ReadyMutex : public Mutex {
  public:
    ReadyMutex() {
        lock();
        unlock();
    }
};

} // namespace pollux::loop
