// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "filters.hpp"

#include <array>

namespace pollux::kqueue {

/// What ends a sleeping kevent(2): an EVFILT_USER, or a pipe where there is none (OpenBSD up to 7.7, NetBSD up to 9).
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
    /// Whether the event is that of wake(), which is thereby collected.
    bool collects(const struct kevent& event) noexcept;

  private:
#ifdef EVFILT_USER
    std::uintptr_t ident_ = 0; // the kqueue's own number, which no source can have
#else
    std::array<int, 2> pipe_{-1, -1};
#endif
};

} // namespace pollux::kqueue
