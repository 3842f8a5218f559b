// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::io_uring_tests {

/// A RefusedEnter makes io_uring_enter(2) fail, by a filter of system calls (seccomp_unotify(2)): a thread of this
/// process decides about each call of the calling thread and of those that it starts later. For a child that ends soon,
/// since a filter exists as long as its threads.
///
/// Threads: all functions from any.
class RefusedEnter {
  public:
    /// Throws std::system_error. All calls are accepted.
    RefusedEnter();

    /// Lets the next `accepted` calls pass, and makes `refused` further ones fail with `error`. Later calls pass.
    void refuse(int error, int accepted = 0, int refused = 1'000'000'000);
    void accept() { refuse(0, 0, 0); }

    /// Holds the calls of all other threads before the kernel makes them, after `passing` that are not held, until
    /// release_others(). Held calls are not refused.
    void hold_others(int passing);
    void release_others();

    /// The number of calls that have begun, without held ones.
    int calls() const;
    /// The number of held calls.
    int held_calls() const;
};

/// Makes io_uring_enter(2) and io_uring_register(2) of the calling thread, and of those that it starts later, kill the
/// process.
void forbid_ring_calls();

} // namespace pollux::io_uring_tests
