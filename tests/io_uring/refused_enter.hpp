// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::io_uring_tests {

/// Lets io_uring_enter(2) fail, by a filter of system calls (seccomp_unotify(2)) that asks a thread of this process
/// about each call of the calling thread and of those that it starts from then on. For a child that ends soon: a filter
/// stays as long as its threads.
///
/// Threads: all functions from any.
class RefusedEnter {
  public:
    /// Throws std::system_error. All calls are accepted.
    RefusedEnter();

    /// From now on, `accepted` calls are made, and `refused` further ones are not, but fail with `error`. Those after
    /// them are made.
    void refuse(int error, int accepted = 0, int refused = 1'000'000'000);
    void accept() { refuse(0, 0, 0); }

    /// From now on the calls of all threads but the calling one wait before the kernel makes them, after `passing` that
    /// do not, until release_others(). Those that wait are not refused.
    void hold_others(int passing);
    void release_others();

    /// How many calls have begun. A call that is held has not.
    int calls() const;
    /// How many calls have been held.
    int held_calls() const;
};

/// From now on the calling thread, and those that it starts, are killed with their process by io_uring_enter(2) and
/// io_uring_register(2).
void forbid_ring_calls();

} // namespace pollux::io_uring_tests
