// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace pollux::failing_calls {

/// Which system call fails: the one with this index among those of the run, and, if it persists, each later one of the
/// same number; EINTR comes three times in a row, as no system interrupts for ever. `choice` is the index of its error
/// in Call::errors, modulo their count.
struct Failure {
    static constexpr std::size_t never = ~std::size_t{0};
    std::size_t index = never;
    std::size_t choice = 0;
    bool persists = false;
};

/// How a supervised run ended.
struct Run {
    std::vector<int> calls;      // the number of each supervised system call, in order
    std::size_t interrupted = 0; // calls that failed with EINTR
    int status = 0;              // as waitpid(2) writes it
    bool is_hung = false;        // made no system call and did not end for long: it was killed
    bool is_spinning = false;    // made far more calls than it may: it was killed
};

/// Runs `body` in a forked child whose system calls a seccomp(2) filter reports here: each one goes on, or fails. So
/// calls that no library function makes (liburing's, the dynamic loader's) fail, too, and neither the child's memory
/// nor its timing is touched otherwise. `begin` runs in the child before the filter is there.
///
/// `most_calls`: a run of more is taken for one that spins.
/// Errors: std::system_error, where the system has no such filters (Linux before 5.19, a sandbox).
/// Threads: the caller has no others.
Run supervise(const std::function<void()>& begin, const std::function<int()>& body, const Failure& failure,
              std::size_t most_calls);

} // namespace pollux::failing_calls
