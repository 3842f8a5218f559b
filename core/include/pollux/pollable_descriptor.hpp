// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

namespace pollux {

/// A PollableDescriptor is the extension of a Selector that has a file descriptor for other event loops to wait for:
/// poll(2) and the like report it as readable while the Selector has events. So a Selector can be a source of GLib, Qt,
/// Asio, or another Selector, and no loop has to poll the other one by time.
///
///     if (auto* pollable = extension_of<PollableDescriptor>(selector)) outer.watch(pollable->descriptor(), ...);
///
/// It is readable while a select() with a zero timeout would return an event
///                                                                                    [descriptor.readable_when_ready]
/// or a wake.                                                                           [descriptor.wakes]
/// Calls of the Registrator in other threads make it readable, even while the outer loop sleeps.
///                                                                                      [descriptor.ends_foreign_wait]
/// It may be readable although select() would return nothing: after a paused watch has hung up, or on kqueue after a
/// source that is watched by level was drained. A select() that returns no event ends that: from then on it is not
/// readable until an event is to be reported. So an outer loop never spins.             [descriptor.quiet_when_not]
///
/// An outer loop that reports arrivals, such as epoll(7) with EPOLLET, has to continue select() until it returns no
/// event, or to arm its watch again: events that a select() leaves are not arrivals.
///
/// A backend has it only if the kernel keeps all that is ready. One that rechecks its sources in select(), as io_uring
/// does for level-triggered watches, has events that its descriptor does not show, and no extension.
class PollableDescriptor {
  public:
    static constexpr char id[] = "pollux.pollable_descriptor/1";

    /// Returns the file descriptor; the same each time.                                 [descriptor.same]
    ///
    /// The caller only waits for it, and neither reads, changes nor closes it.
    /// Threads:   any may call this, and wait for the descriptor.
    /// Lifetime:  that of the Selector, which closes it. A watch of it has to end before.
    /// Processes: that of the Selector. A forked child must not wait for it: it shares the descriptor of epoll with its
    ///            parent, whose events it would see, and does not inherit that of kqueue.
    virtual Source descriptor() noexcept = 0;

    PollableDescriptor(const PollableDescriptor&) = delete;
    PollableDescriptor& operator=(const PollableDescriptor&) = delete;

  protected:
    PollableDescriptor() = default;
    ~PollableDescriptor() = default;
};

} // namespace pollux
