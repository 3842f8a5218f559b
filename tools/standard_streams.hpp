// SPDX-License-Identifier: BSL-1.0
// The standard streams of a program, which may be closed when it starts, and whose output may be lost.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#ifndef _WIN32
#include <fcntl.h>
#include <unistd.h>
#endif

namespace pollux::tools {

/// Opens /dev/null in place of each standard stream that was closed when the program started. Otherwise sockets get
/// these descriptor numbers, and the program prints into them. Call it first.
///
/// They are opened for the opposite direction, so that reads and writes fail as on a closed descriptor.
inline void occupy_standard_streams() noexcept {
#ifndef _WIN32
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(number, F_GETFD) != -1 || errno != EBADF) continue;
        // open() returns the lowest free number, and all below it are in use.
        if (open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY) != number) std::_Exit(EXIT_FAILURE);
    }
#endif
}

/// Flushes the standard output, and returns the exit status of a program that would end with `status`. If output was
/// lost, it prints a line on the standard error stream and returns 1.
inline int finish_output(const char* program, int status) noexcept {
    errno = 0;
    const bool is_flushed = std::fflush(stdout) == 0;
    int error = is_flushed ? 0 : errno;
    if (is_flushed && std::ferror(stdout) == 0) return status;
    if (error == 0) {
        // An earlier write failed, whose error is not known any more. One that fails in the same way has the reason.
        errno = 0;
        if (std::fputc('\n', stdout) == EOF || std::fflush(stdout) != 0) error = errno;
    }
    const char* const words = error == 0 ? "something was lost" : std::strerror(error); // NOLINT(concurrency-mt-unsafe)
    std::fprintf(stderr, "%s: cannot write to the standard output: %s\n", program, words);
    return status == 0 ? 1 : status;
}

/// Whether an exception reports the same failure that finish_output() will report.
inline bool output_failed() noexcept { return std::ferror(stdout) != 0; }

} // namespace pollux::tools
