// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/event_flags.h>

#include <cstdint>

namespace kqueue_on_linux {

/// The filters that the emulation has.
enum class Filter : std::uint8_t { read, write, except, user };

/// A Kevent is a struct kevent independent of the system.
struct Kevent {
    std::uintptr_t ident = 0;
    Filter filter = Filter::read;
    unsigned flags = 0;
    unsigned fflags = 0;
    std::int64_t data = 0;
    void* udata = nullptr;
};

/// A State is what a filter reports of its source at present.
struct State {
    bool is_ready = false;
    unsigned flags = 0; ///< EV_EOF or nothing
    unsigned fflags = 0;
    std::int64_t data = 0;
};

/// Returns the state of EVFILT_READ, EVFILT_WRITE or EVFILT_EXCEPT for a descriptor, derived from poll(2).
State state_of(Filter filter, int descriptor) noexcept;

bool is_socket(int descriptor) noexcept;
/// Whether this is the writing end of a pipe without a reader.
bool is_broken_pipe(int descriptor) noexcept;

} // namespace kqueue_on_linux
