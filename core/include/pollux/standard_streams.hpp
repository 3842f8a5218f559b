// SPDX-License-Identifier: BSL-1.0
#pragma once

#ifndef _WIN32

#include <array>

#include <fcntl.h>
#include <unistd.h>

namespace pollux::posix {

/// A StandardStreams object occupies the file descriptors of standard streams that the program was started without,
/// while a library opens file descriptors of its own: for authors of plugins. Otherwise the program might print into
/// them. above_standard_streams() is for descriptors that a plugin opens itself.
class StandardStreams {
  public:
    StandardStreams() noexcept {
        for (int& taken : taken_) {
            // A directory can be neither read nor written, like a standard stream that is not open.
            const int opened = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (opened > STDERR_FILENO) close(opened);
            if (opened == -1 || opened > STDERR_FILENO) break;
            taken = opened;
        }
    }
    ~StandardStreams() {
        for (const int taken : taken_) {
            if (taken != -1) close(taken);
        }
    }
    StandardStreams(const StandardStreams&) = delete;
    StandardStreams& operator=(const StandardStreams&) = delete;

  private:
    std::array<int, 3> taken_{-1, -1, -1};
};

} // namespace pollux::posix

#endif
