// SPDX-License-Identifier: BSL-1.0
#pragma once

#ifndef _WIN32

#include <pollux/mutex.hpp>
#include <pollux/posix.hpp>

#include <array>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace pollux::posix {

/// A WakePair ends a sleep: send() makes reader() readable, until drain(). It is a pair of sockets, for the reasons
/// that open_pair() gives: for authors of plugins.
///
/// Threads: any, except for open() and close().
class WakePair {
  public:
    WakePair() = default;
    ~WakePair() { close(); }
    WakePair(const WakePair&) = delete;
    WakePair& operator=(const WakePair&) = delete;

    [[nodiscard]] std::error_code open() noexcept { return open_pair(ends_); }
    void close() noexcept {
        for (int& end : ends_) {
            if (end != -1) ::close(std::exchange(end, -1));
        }
    }
    int reader() const noexcept { return ends_[0]; }

    /// Returns bad_file_descriptor if the program has closed the reader.
    [[nodiscard]] std::error_code check_open() const noexcept { return check(fcntl(ends_[0], F_GETFD)); }

    /// Errors: bad_file_descriptor  an end was closed, or its descriptor is another file's
    ///         not_enough_memory, no_buffer_space, interrupted
    [[nodiscard]] std::error_code send() {
        const MutexLock lock(draining_); // otherwise drain() could take the byte before it is seen
        const auto error = send_byte(ends_[1]);
        return error || has_arrived(ends_[0]) ? error : make_error_code(std::errc::bad_file_descriptor);
    }

    /// Errors: bad_file_descriptor  an end was closed, or the reader's descriptor is another file's
    [[nodiscard]] std::error_code drain() {
        const MutexLock lock(draining_);
        return posix::drain(ends_[0]) ? std::error_code() : make_error_code(std::errc::bad_file_descriptor);
    }

  private:
    std::array<int, 2> ends_{-1, -1};
    Mutex draining_;
};

} // namespace pollux::posix

#endif
