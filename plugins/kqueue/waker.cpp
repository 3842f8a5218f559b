// SPDX-License-Identifier: BSL-1.0
#include "waker.hpp"

#include <pollux/posix.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace pollux::kqueue {

using posix::check;

#ifdef EVFILT_USER

bool Waker::open(int kq, OpenFailure& failure) noexcept {
    ident_ = static_cast<std::uintptr_t>(kq);
    struct kevent event {};
    event.ident = ident_;
    event.filter = EVFILT_USER;
    // Without EV_CLEAR it would stay triggered for ever.
    event.flags = EV_ADD | EV_CLEAR;
    if (change(kq, &event, 1, nullptr) == -1) {
        failure.set(check(-1), "kevent");
        return false;
    }
    return true;
}

std::error_code Waker::wake(int kq) noexcept {
    // A trigger of an event that is triggered already has no effect: pending wakes are merged.
    struct kevent event {};
    event.ident = ident_;
    event.filter = EVFILT_USER;
    event.fflags = NOTE_TRIGGER;
    return check(change(kq, &event, 1, nullptr));
}

bool Waker::collect_if_wake(const struct kevent& event) noexcept {
    return event.filter == EVFILT_USER && event.ident == ident_;
}

#else

Waker::~Waker() {
    for (const int end : pair_) {
        if (end != -1) close(end);
    }
}

bool Waker::open(int kq, OpenFailure& failure) noexcept {
    if (const auto error = posix::open_pair(pair_)) {
        failure.set(error, "socketpair");
        return false;
    }
    struct kevent event {};
    event.ident = static_cast<std::uintptr_t>(pair_[0]);
    event.filter = EVFILT_READ;
    event.flags = EV_ADD | EV_CLEAR;
    if (change(kq, &event, 1, nullptr) == -1) {
        failure.set(check(-1), "kevent");
        return false;
    }
    return true;
}

std::error_code Waker::wake(int) noexcept { return posix::send_byte(pair_[1]); }

bool Waker::collect_if_wake(const struct kevent& event) noexcept {
    if (event.ident != static_cast<std::uintptr_t>(pair_[0])) return false;
    // Bytes that are read here were sent before this event is reported, so it reports their wakes as well.
    posix::drain(pair_[0]);
    return true;
}

#endif

} // namespace pollux::kqueue
