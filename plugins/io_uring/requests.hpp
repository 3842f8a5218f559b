// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ring.hpp"
#include "watches.hpp"

namespace pollux::io_uring {

/// The poll requests of the watches: keeps them as the table says, and the table as the kernel says.
///
/// The kernel works on a request in the thread that handed it over. In a thread that does not select, it would
/// interrupt system calls, be late while that thread is stuck in one, and cancel the request when the thread ends. So
/// update() alone hands over poll requests, and it is called by the thread that selects.
///
/// Completions are not reaped while a thread sleeps in the ring: they are what ends its sleep.
///
/// Nothing here waits, except the destructor, and nothing retries without bound, whatever the kernel answers.
///
/// Threads: none, the caller locks; sleep() alone may run beside all else.
class Requests {
  public:
    explicit Requests(Watches& watches) noexcept : watches_(watches) {}
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    bool open(OpenFailure& failure) noexcept { return ring_.open(failure); }

    /// Makes requests of what has changed, and reaps completions. What is left in Watches::changed did not fit into one
    /// call.
    std::error_code update() noexcept;

    /// Prepares to take back what was requested of a watch that was removed. False if there is no room: submit() first.
    bool prepare_cancel(Place place) noexcept;

    /// Hands over what is prepared.
    std::error_code submit() noexcept { return ring_.has_prepared() ? ring_.enter() : std::error_code(); }

    /// The same, and reaps completions.
    std::error_code submit_and_reap() noexcept;

    /// After the last completion of a request, and this, the kernel holds its source no longer.
    std::error_code confirm_release() noexcept;

    /// Ends the sleep of another thread.
    std::error_code submit_wakeup() noexcept;

    /// As Ring::sleep().
    std::error_code sleep(Timeout timeout) noexcept { return ring_.sleep(timeout); }

    /// Cancels all requests, so that the kernel holds no source any more, and waits for that as long as it makes
    /// progress; a kernel that is closed a ring with requests would cancel them some time later.
    void cancel_and_drain() noexcept;

  private:
    void rearm(Place place) noexcept;
    unsigned reap() noexcept;
    void on_completion(const Completion& completion) noexcept;
    void on_failure(Place place, int error) noexcept;
    void on_ready(Place place, Slot& slot, const Completion& completion) noexcept;

    Watches& watches_;
    Ring ring_;
    std::uint64_t in_flight_ = 0; // requests that have not had their last completion
    std::error_code failure_;     // of a request, for update() to return
};

} // namespace pollux::io_uring
