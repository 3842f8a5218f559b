// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace pollux::tools {

/// What server and clients count, and what is shown while they do. Threads: all of it from any.
class Tally {
  public:
    std::atomic<std::uint64_t> connected = 0;
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<std::uint64_t> bytes = 0; // echoed, and found to be right

    /// Counts an error. Of many the first is kept, as the others are mostly its consequences.
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
