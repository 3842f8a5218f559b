// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ring.hpp"
#include "watches.hpp"

namespace pollux::io_uring {

/// The poll requests of the watches: keeps them as the table says, and the table as the kernel says.
///
/// The kernel works on a request in the thread that handed it over. In a thread that does not select, it would
/// interrupt system calls, be late while that thread is stuck in one, and cancel the request when the thread ends. So
/// settle() alone hands over poll requests, and it is called by the thread that selects.
///
/// Threads: none, the caller locks; sleep() alone may run beside all else.
class Requests {
  public:
    explicit Requests(Watches& watches) noexcept : watches_(watches) {}
    ~Requests();
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    bool open(OpenFailure& failure) noexcept { return ring_.open(failure); }

    /// Makes requests of what has changed, and hears what is ready.
    std::error_code settle() noexcept;

    /// Hears what is ready.
    void take() noexcept;

    /// Takes back what was requested of a watch that is gone; after that the kernel does not hold on to its source.
    void let_go(Place place) noexcept;

    /// Ends sleep(), or the next one if that comes before take().
    std::error_code ring_bell() noexcept;

    /// As Ring::sleep().
    std::error_code sleep(Timeout timeout) noexcept { return ring_.sleep(timeout); }

  private:
    void renew(Place place) noexcept;
    std::error_code exchange(unsigned completions = 0) noexcept;
    bool insist(unsigned completions = 0) noexcept;
    void hear_out(const Slot& slot) noexcept;
    void hear(const Completion& completion) noexcept;
    void hear_failure(Place place, int error) noexcept;
    void hear_ready(Place place, Slot& slot, const Completion& completion) noexcept;

    Watches& watches_;
    Ring ring_;
    bool rung_ = false;       // the bell was rung and not heard
    std::error_code failure_; // of a request, for settle() to return
};

} // namespace pollux::io_uring
