// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/event_flags.h>

#include <cstdint>

namespace kqueue_on_linux {

enum class Filter : std::uint8_t { read, write, except, user };

/// A struct kevent of no particular system.
struct Kevent {
    std::uintptr_t ident = 0;
    Filter filter = Filter::read;
    unsigned flags = 0;
    unsigned fflags = 0;
    std::int64_t data = 0;
    void* udata = nullptr;
};

/// What a filter says of its descriptor now.
struct State {
    bool is_ready = false;
    unsigned flags = 0; ///< EV_EOF or nothing
    unsigned fflags = 0;
    std::int64_t data = 0;
};

/// What EVFILT_READ, EVFILT_WRITE or EVFILT_EXCEPT says of a descriptor, made from what poll(2) says of it.
State state_of(Filter filter, int descriptor) noexcept;

bool is_socket(int descriptor) noexcept;
/// Whether this is the writing end of a pipe that nobody can read from any more.
bool is_broken_pipe(int descriptor) noexcept;

} // namespace kqueue_on_linux
