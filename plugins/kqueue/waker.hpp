// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "filters.hpp"

#include <array>

namespace pollux::kqueue {

/// A Waker ends a sleeping kevent(2): by an EVFILT_USER, or by a pair of sockets where there is none (OpenBSD up
/// to 7.7, NetBSD up to 9).
///
/// Threads: any.
class Waker {
  public:
    Waker() = default;
#ifdef EVFILT_USER
    ~Waker() = default;
#else
    ~Waker();
#endif
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;

    bool open(int kq, OpenFailure& failure) noexcept;
    std::error_code wake(int kq) noexcept;
    /// Returns whether the event is that of wake(), and then collects it.
    bool collect_if_wake(const struct kevent& event) noexcept;

  private:
#ifdef EVFILT_USER
    std::uintptr_t ident_ = 0; // the file descriptor of the kqueue, which no source can have
#else
    std::array<int, 2> pair_{-1, -1};
#endif
};

} // namespace pollux::kqueue
