// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ring.hpp"
#include "watches.hpp"

namespace pollux::io_uring {

/// The Requests object submits the poll requests of the watches in the table, and records their completions there.
///
/// The kernel processes a request in the thread that submitted it. In a thread that is not in select(), this would
/// interrupt system calls, would be late while that thread is blocked in one, and the kernel would cancel the request
/// when the thread ends. So only update() submits poll requests, and only the thread in select() calls it.
///
/// Completions are not reaped while a thread sleeps in the ring: they end its sleep.
///
/// All calls but sleep() and cancel_and_drain() are non-blocking, and none retries without bound, even if the kernel
/// always refuses.
///
/// Threads: none, the caller locks; only sleep() may run beside other calls.
class Requests {
  public:
    explicit Requests(Watches& watches) noexcept : watches_(watches) {}
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    bool open(unsigned entries, OpenFailure& failure) noexcept { return ring_.open(entries, failure); }

    /// Submits requests for Watches::changed, and reaps completions. Watches that are left there did not fit into one
    /// call.
    std::error_code update() noexcept;

    /// Prepares to cancel the requests of a watch that was removed. Returns false if the ring has no space: submit()
    /// first.
    bool prepare_cancel(SlotIndex index) noexcept;

    /// Submits what is prepared.
    std::error_code submit() noexcept { return ring_.has_prepared() ? ring_.enter() : std::error_code(); }

    /// Submits what is prepared, and reaps completions.
    std::error_code submit_and_reap() noexcept;

    /// Makes sure that the kernel has released the source of each request whose last completion was reaped.
    std::error_code confirm_release() noexcept;

    /// Ends the sleep of another thread.
    std::error_code submit_wakeup() noexcept;

    /// Calls Ring::sleep().
    std::error_code sleep(Timeout timeout) noexcept { return ring_.sleep(timeout); }

    /// Cancels all requests, and waits until the kernel has released all sources, as long as completions arrive. If a
    /// ring with requests were closed, the kernel would cancel them some time later.
    void cancel_and_drain() noexcept;

  private:
    void rearm(SlotIndex index) noexcept;
    unsigned reap() noexcept;
    void on_completion(const Completion& completion) noexcept;
    void on_failure(SlotIndex index, int error) noexcept;
    void on_ready(SlotIndex index, Slot& slot, const Completion& completion) noexcept;

    Watches& watches_;
    Ring ring_;
    std::uint64_t in_flight_ = 0; // requests that have not had their last completion
    std::error_code failure_;     // of a request; the next update() returns it
};

} // namespace pollux::io_uring
