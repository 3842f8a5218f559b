// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mutex>

namespace pollux::loop {

/// A Forever holds a static object that is never destroyed, for Loops that die when the program does. It allocates
/// nothing.
template <typename T>
union Forever {
    T value;
    Forever() : value{} {}
    ~Forever() {} // NOLINT(modernize-use-equals-default)
};

/// A mutex whose lock() does not fail: where a mutex takes memory when it is locked first, as on some systems, it is
/// the constructor that throws.
class ReadyMutex : public std::mutex {
  public:
    ReadyMutex() {
        lock();
        unlock();
    }
};

} // namespace pollux::loop
