// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace pollux::failing_calls {

/// A Failure selects what fails: the allocation or system call with this index in the run, and, if `persists`, all
/// later allocations, or each later call of the same kind; EINTR is returned three times in a row, since no system
/// interrupts for ever. `choice` is the index of a call's error in Call::errors, modulo their count.
struct Failure {
    static constexpr std::size_t never = ~std::size_t{0};
    std::size_t index = never;
    std::size_t choice = 0;
    bool persists = false;
};

/// A Run is the result of a supervised run.
struct Run {
    std::vector<int> calls;      // the number of each supervised system call, in order
    std::size_t interrupted = 0; // calls that failed with EINTR
    int status = 0;              // as waitpid(2) returns it
    bool is_hung = false;        // made no system call for long and did not end: it was killed
    bool is_spinning = false;    // made more than `most_calls` calls: it was killed
};

/// Runs `body` in a forked child whose system calls a seccomp(2) filter reports here: each one proceeds, or fails. So
/// calls that no library function makes (liburing's, the dynamic loader's) can fail, too, and neither the child's
/// memory nor its timing is changed otherwise. `begin` runs in the child before the filter is there.
///
/// `most_calls`: a run with more is treated as spinning.
/// Errors: std::system_error if the system has no such filters (Linux before 5.19, a sandbox).
/// Threads: the process must have one.
Run supervise(const std::function<void()>& begin, const std::function<int()>& body, const Failure& failure,
              std::size_t most_calls);

} // namespace pollux::failing_calls
