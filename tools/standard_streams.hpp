// SPDX-License-Identifier: BSL-1.0
// The standard streams of a program: who starts it may have closed them, and what is printed may be lost.
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

/// Opens /dev/null in the place of each standard stream that was closed when the program was started. Else sockets get
/// these numbers, and the program prints into them. To be called first of all.
///
/// Opened the wrong way round: a read or a write goes on to fail as it does on a closed descriptor.
inline void occupy_standard_streams() noexcept {
#ifndef _WIN32
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(number, F_GETFD) != -1 || errno != EBADF) continue;
        // The lowest number is taken that is free, and those below it are not.
        if (open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY) != number) std::_Exit(EXIT_FAILURE);
    }
#endif
}

/// Ends what was printed: returns the exit status of a program that would end with `status`. If anything of its
/// standard output was lost, that is a failure (1), with one line on the standard error stream.
inline int finish_output(const char* program, int status) noexcept {
    errno = 0;
    const bool is_flushed = std::fflush(stdout) == 0;
    const int error = is_flushed ? 0 : errno;
    if (is_flushed && std::ferror(stdout) == 0) return status;
    const char* const words = error == 0 ? "something was lost" : std::strerror(error); // NOLINT(concurrency-mt-unsafe)
    std::fprintf(stderr, "%s: cannot write to the standard output: %s\n", program, words);
    return status == 0 ? 1 : status;
}

/// Whether an exception tells of nothing but what finish_output() will tell.
inline bool output_failed() noexcept { return std::ferror(stdout) != 0; }

} // namespace pollux::tools
