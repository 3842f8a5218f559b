// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <system_error>

namespace pollux {

/// A Registrator registers watches with its Selector, and wakes the thread in select() (mio: Registry).
///
///     any thread ──Watch──▶ Registrator ──▶ kernel ──▶ Selector ──Event──▶ loop thread
///
/// A source has at most one watch in one Selector.
/// It may have others in other Selectors.                                               [add.two_selectors]
/// A duplicate of it (dup(2)) is a separate source.                                     [add.dup]
/// That holds for each kind of source, and when descriptors are reused.                 [table.descriptors]
///
/// Threads:  All calls are thread-safe, even while another thread sleeps in select().    [threads.concurrent_changes]
///           Each change for a source that is ready ends that sleep, as does its change. [table.while_asleep]
///           Changes of other watches by other threads do not disturb a watch.          [table.threads]
///           A watch outlives the thread that added it.                                 [threads.exit]
/// Errors:   A call that fails changes nothing,                                         [failure.changes_nothing]
///           and leaves nothing behind.                                                 [failure.leaks_nothing]
///           In a forked child each call returns no_such_process.                       [fork.calls_refused]
/// Lifetime: Its Selector owns it, and may be destroyed only while no call runs.
class Registrator {
  public:
    /// Watches `source`. Conditions that hold already are reported, in each mode,       [add.already_ready]
    /// by the next select() or, if one sleeps, at once.                                 [add.while_asleep]
    ///
    /// Does not change the source, not even O_NONBLOCK.                                [add.does_not_change_the_source]
    /// Only limits of the system bound the number of sources,                           [scale.many_sources]
    /// and their file descriptors.                                                      [scale.descriptor_numbers]
    ///
    /// Errors: file_exists              watched already; that watch is intact           [add.duplicate]
    ///         bad_file_descriptor      not open; returned by this call, not later      [add.not_open]
    ///         operation_not_supported  the backend does not offer the mode,            [add.mode_not_offered]
    ///                                  or priority,                                    [priority.asked]
    ///                                  or priority of sources that report it once,     [priority.once]
    ///                                  or pipes                                        [end.pipe_writer_gone]
    ///         invalid_argument         the token is wake_token                         [add.wake_token]
    ///                                  or another reserved one                         [add.reserved_token]
    ///         operation_not_permitted  a file or directory, where Capabilities::files is
    ///                                  unsupported; otherwise it is always ready       [add.regular_file]
    ///                                  A device that no system can wait for, such as /dev/null, is
    ///                                  always ready as well, or refused where files are.
    ///         too_many_files_open      the backend needs a file descriptor of its own for the first file
    ///         not_enough_memory        of the process or the kernel                    [add.no_memory]
    ///         no_space_on_device       the kernel has a limit of watches: fs.epoll.max_user_watches of Linux
    [[nodiscard]] virtual std::error_code add(Source source, const Watch& watch) noexcept = 0;

    /// Replaces the watch of `source`: token, interest and mode,                        [modify.replaces]
    /// for the next select() or, if one sleeps, at once.                                [mode.switch]
    /// A ready source is then reported again, in each mode.                             [modify.rearms]
    /// Any number of changes may be made between two calls of select().                 [modify.many_changes]
    ///
    /// Errors: no_such_file_or_directory  not watched                                   [modify.unknown]
    ///         bad_file_descriptor        not open                                      [add.not_open]
    ///         and operation_not_supported, invalid_argument, not_enough_memory as for add()
    [[nodiscard]] virtual std::error_code modify(Source source, const Watch& watch) noexcept = 0;

    /// Ends the watch of `source`: a select() that begins later never reports it.       [remove.is_final]
    /// The caller may close the source at once, even if another thread is in select().  [remove.while_asleep]
    ///
    /// The source may be added again,                                                   [remove.then_add]
    /// and so may another source that has reused its file descriptor.                   [reuse.new_token]
    /// Watches that are added and removed while no thread calls select() neither pile up nor
    /// delay other events.                                                              [remove.without_select]
    ///
    /// Call it before close(). Closing a source that is still watched is a caller's error, but harms no
    /// other watch; after remove() its file descriptor can be added again.              [close.while_registered]
    /// epoll(7), however, watches the open file, not its descriptor: a source that was closed is still reported with
    /// its old token while a duplicate is open, here or in another process (dup(2), fork(2)), until the last one is
    /// closed. remove() cannot end that: it returns no_such_file_or_directory, or ends the watch of another source that
    /// has reused the descriptor.
    ///
    /// Errors: no_such_file_or_directory  not watched, whether or not it is open        [remove.unknown]
    [[nodiscard]] virtual std::error_code remove(Source source) noexcept = 0;

    /// Ends a sleeping select() with an Event of wake_token and Ready::none,            [wake.asleep]
    /// or the next select() if none sleeps.                                             [wake.next]
    ///
    /// Pending wakes may be merged into one Event;                                      [wake.coalesces]
    /// none is lost.                                                                    [wake.never_lost]
    /// What the caller wrote before wake() is visible to the thread that receives the Event.
    /// The call is non-blocking, regardless of how many wakes are pending,              [wake.never_blocks]
    /// and does not disturb changes of watches.                                         [wake.while_modifying]
    ///
    /// Success means that the wake was delivered, even if a concurrent call that it might be merged with fails.
    /// A call that fails adds no pending wake, and can be repeated.
    ///
    /// A program may have closed descriptors of the Selector: wake() raises no SIGPIPE then, [wake.descriptors_closed]
    /// and writes nothing into files and pipes that have reused them.                   [wake.descriptors_replaced]
    /// A backend that wakes by a pair of sockets (poll_fallback; kqueue on systems without EVFILT_USER) sends one byte
    /// through a socket that has reused a descriptor of the pair, and may report success.
    ///
    /// Errors: bad_file_descriptor  descriptors of the Selector were closed, or have been reused. A call that has no
    ///                              sleep to end may succeed; the next select() returns the error, or the wake.
    ///         not_enough_memory, no_buffer_space  of the kernel
    [[nodiscard]] virtual std::error_code wake() noexcept = 0;

  protected:
    Registrator() = default;
    ~Registrator() = default;
    Registrator(const Registrator&) = delete;
    Registrator& operator=(const Registrator&) = delete;
};

} // namespace pollux
