// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/mutex.hpp>

#include <atomic>
#include <cstdint>
#include <string>

namespace pollux::tools {

/// A Tally counts what server and clients of the demonstration have done. Threads: any.
class Tally {
  public:
    std::atomic<std::uint64_t> connected = 0;
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<std::uint64_t> bytes = 0; // echoed and verified

    /// Counts an error, and keeps the first, since the others are mostly its consequences.
    void add_error(const std::string& what) {
        const MutexLock lock(mutex_);
        if (errors_++ == 0) first_error_ = what;
    }
    std::uint64_t errors() const {
        const MutexLock lock(mutex_);
        return errors_;
    }
    std::string first_error() const {
        const MutexLock lock(mutex_);
        return first_error_;
    }

  private:
    mutable Mutex mutex_;
    std::uint64_t errors_ POLLUX_GUARDED_BY(mutex_) = 0;
    std::string first_error_ POLLUX_GUARDED_BY(mutex_);
};

} // namespace pollux::tools
