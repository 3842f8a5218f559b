// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <system_error>

namespace pollux::loop {

/// A StopRequest ends the turns of a Loop, from any thread: what was written before the last request() is visible after
/// a take() that returns true.
template <typename Memory>
class StopRequest {
  public:
    /// Requests a stop, and calls `wake` and returns its error, which does not withdraw the request.
    std::error_code request(auto&& wake) noexcept {
        is_requested_.store(true, std::memory_order_release);
        return wake();
    }
    bool is_requested() const noexcept { return is_requested_.load(std::memory_order_relaxed); }
    /// For the Loop: withdraws a request, and returns whether there was one.
    bool take() noexcept { return is_requested() && is_requested_.exchange(false, std::memory_order_acquire); }

  private:
    typename Memory::template Atomic<bool> is_requested_ = false;
};

} // namespace pollux::loop
