// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>

#include <system_error>

namespace pollux {

/// The way in: says which sources to watch, and wakes the thread that waits.
///
///     any thread ──Watch──▶ Registrator ──▶ kernel ──▶ Selector ──Event──▶ loop thread
///
/// One source has one watch in one Selector; it may have others in other Selectors [add.two_selectors], and a
/// dup() of it is a source of its own [add.dup].
///
/// Threads:  every call from any thread, beside each other and beside a sleeping select() [threads.churn]. A watch
///           outlives the thread that made it [threads.end].
/// Errors:   a call that fails changes nothing [failure.changes_nothing]. In a forked child each returns
///           no_such_process [fork.calls_refused].
/// Lifetime: until its Selector is destroyed; no call may be under way then.
class Registrator {
  public:
    /// Watches a source: a Selector that sleeps learns of it at once [add.while_asleep], and what is ready
    /// already is reported by the next select(), in each mode [add.already_ready].
    ///
    /// The source is not changed, O_NONBLOCK included [add.does_not_change_the_source]. As many as the system
    /// lets a process open can be added [many.sources].
    ///
    /// Errors: file_exists              watched already; that watch is intact           [add.duplicate]
    ///         bad_file_descriptor      not open, told at once                          [add.not_open]
    ///         operation_not_supported  the backend does not offer the mode             [add.mode_not_offered]
    ///                                  or the interest in priority                     [priority.asked]
    ///                                  of sources that report it once                  [priority.once]
    ///                                  or pipes                                        [end.pipe_writer_gone]
    ///         invalid_argument         the token is wake_token                         [add.wake_token]
    ///                                  or another reserved one                         [add.reserved_token]
    ///         operation_not_permitted  a file or directory, where Capabilities::files
    ///                                  is unsupported; else it is always ready         [add.regular_file]
    ///         too_many_files_open      the backend needs a descriptor of its own for the first file
    ///         not_enough_memory        of the process or the kernel
    virtual std::error_code add(Source source, const Watch& watch) noexcept = 0;

    /// Replaces the watch of a source: token, interest and mode, whole [modify.replaces], from the next select()
    /// on [mode.switch]. A ready source is then reported again, in each mode [modify.rearms].
    ///
    /// Errors: no_such_file_or_directory  not watched                                   [modify.unknown]
    ///         bad_file_descriptor        not open                                      [add.not_open]
    ///         and operation_not_supported, invalid_argument, not_enough_memory as for add()
    virtual std::error_code modify(Source source, const Watch& watch) noexcept = 0;

    /// Ends a watch: a select() that begins after remove() never reports it [remove.is_final], and the caller may
    /// close the source at once, also while another thread sleeps in select() [remove.while_asleep].
    ///
    /// The source may be added again [remove.then_add], and so may another that was given the same number
    /// [reuse.new_token]. To close a source that is still watched is a caller's error that harms no other watch;
    /// remove() then makes its number usable again [close.forgotten]. Under epoll(7), if a duplicate of it (dup(2), or
    /// a forked child's) keeps its file open, remove() does not find it any more, and its token is reported until the
    /// last duplicate is closed: call remove() before close(). Watches that come and go while nobody calls
    /// select() neither pile up nor keep back what is to be reported [remove.uncollected].
    ///
    /// Call it before close(). epoll(7) watches the open file, not its descriptor: while a
    /// dup() of the source is open, here or in another process, epoll goes on reporting a source that was closed, under
    /// its old token, and remove() of the closed descriptor cannot end that: it returns no_such_file_or_directory, or
    /// ends the watch of whatever has the descriptor by then. Only closing the last duplicate ends it.
    ///
    /// Errors: no_such_file_or_directory  not watched, be it open or not                [remove.unknown]
    virtual std::error_code remove(Source source) noexcept = 0;

    /// Ends a sleeping select() [wake.asleep], else the next one [wake.next], with an Event of wake_token and none.
    ///
    /// Wakes that nobody has collected yet may become one [wake.coalesces]; none is lost [wake.never_lost], and
    /// what the caller wrote before wake() is visible to the thread that gets its Event. Never blocks, however
    /// many are not collected [wake.never_blocks], and does not disturb changes of watches [wake.while_modifying].
    ///
    /// Success means that the wake was delivered. A call beside one that fails does not depend on it: it succeeds by
    /// its own delivery or fails, too. After a failure nothing is pending, and the call can be repeated.
    virtual std::error_code wake() noexcept = 0;

  protected:
    Registrator() = default;
    ~Registrator() = default;
    Registrator(const Registrator&) = delete;
    Registrator& operator=(const Registrator&) = delete;
};

} // namespace pollux
