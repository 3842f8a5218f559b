// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace pollux::tools {

/// A Tally has the counts of server and clients. Threads: any.
class Tally {
  public:
    std::atomic<std::uint64_t> connected = 0;
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<std::uint64_t> bytes = 0; // echoed and verified

    /// Counts an error, and keeps the first, since the others are mostly its consequences.
    void add_error(const std::string& what) {
        const std::lock_guard lock(mutex_);
        if (errors_++ == 0) first_error_ = what;
    }
    std::uint64_t errors() const {
        const std::lock_guard lock(mutex_);
        return errors_;
    }
    std::string first_error() const {
        const std::lock_guard lock(mutex_);
        return first_error_;
    }

  private:
    mutable std::mutex mutex_;
    std::uint64_t errors_ = 0;
    std::string first_error_;
};

} // namespace pollux::tools
