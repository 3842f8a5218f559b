# SPDX-License-Identifier: BSL-1.0
from subject import backend

# On the emulation with Darwin's layout, which has every filter.
SUBJECT = backend(
    "kqueue", program="tests/kqueue_on_linux/pollux-conformance-on-kqueue",
    flags=("-DKQUEUE_LAYOUT_DARWIN", "-I{source}/tests/kqueue_on_linux/include"),
    links=("-L{build}/tests/kqueue_on_linux", "-lkqueue-on-linux"))  # fmt: skip

# file, defect, piece of the source, its replacement, rule that has to fail
KQUEUE = "kqueue.cpp"
FILTERS = "filters.cpp"
WAKER = "waker.cpp"

MUTANTS = [
    (KQUEUE, "take a kevent of an earlier watch for one of this",
     "if (!entry || generation_of(event) != entry->filters.generation) continue;", "if (!entry) continue;",
     "threads.concurrent_changes"),
    (KQUEUE, "make an event of each filter", "if (entry->select == select_) {", "if (false) {",
     "buffer.one_event_per_watch"),
    (KQUEUE, "keep a spent one-shot watch armed",
     "entry->armed = entry->filters.watch.mode != Mode::oneshot;", "", "oneshot.both_directions"),
    (KQUEUE, "forget the filter that found no room",
     "is_full ? ready | rest_of(*entry, event) : ready", "is_full && event.ident == 0 ? rest_of(*entry, event) : ready",
     "oneshot.both_directions"),
    (KQUEUE, "leave it to the table whether a number is open", "if (!entry || !any(watch.interest & promises)) {",
     "if (entry && !any(watch.interest & promises)) {", "add.not_open"),
    (KQUEUE, "replace the watch on a second add()",
     "if (entries_[descriptor].watched) return make_error_code(std::errc::file_exists);", "", "add.duplicate"),
    (KQUEUE, "take files", "return is_file ?", "return is_file && source < 0 ?", "add.regular_file"),
    (KQUEUE, "leave the kqueue open across exec", "F_SETFD, FD_CLOEXEC", "F_SETFD, 0", "selector.close_on_exec"),
    (KQUEUE, "leak the kqueue", "if (kq_ != -1 && owner_.is_current()) close(kq_);", "", "selector.no_leak"),
    (KQUEUE, "ask XNU for a longer wait than it takes", "std::min(deadline.left(), longest_wait)", "deadline.left()",
     "timeout.huge"),
    (KQUEUE, "report a signal as an error", "if (errno != EINTR) error = check(count);", "error = check(count);",
     "signal.returns"),
    (KQUEUE, "take the number of a standard stream", "posix::above_standard_streams(::kqueue())", "::kqueue()",
     "selector.standard_streams"),
    (KQUEUE, "let a child wake its parent", "return owner_.is_current() ? waker_.wake(kq_) : other_process();",
     "return waker_.wake(kq_);", "fork.calls_refused"),
    (FILTERS, "keep the old mode on modify()", "if (had && (!has || mode != mode_of(filter, from.watch)))",
     "if (had && !has)", "mode.switch"),
    (FILTERS, "leave disabled what EV_DISPATCH disabled", "EV_ADD | EV_ENABLE | mode", "EV_ADD | mode",
     "oneshot.rearm_while_ready"),
    (FILTERS, "fetch events in place of receipts", "flags | EV_RECEIPT", "flags", "buffer.lossless"),
    (FILTERS, "take EV_EOF for a hint only", "if (has_ended) return Ready::readable | Ready::closed | failed;",
     "if (has_ended) return Ready::closed | failed;", "end.of_stream"),
    (FILTERS, "report data to a watch for priority",
     "return reports_ends_only(Filters::reads, filters.watch) ? Ready::none : Ready::readable;",
     "return Ready::readable;", "priority.asked"),
    (FILTERS, "ask EVFILT_EXCEPT alone for a reset", "set |= Filters::excepts | Filters::reads;",
     "set |= Filters::excepts;", "end.reset"),
    (FILTERS, "refuse a pipe that has lost its reader", "return error == EPIPE ||", "return", "end.pipe_reader_gone"),
    (WAKER, "let a wake stay triggered", "for ever.\n    event.flags = EV_ADD | EV_CLEAR;",
     "for ever.\n    event.flags = EV_ADD;", "wake.next"),
    (KQUEUE, "wake each 20 ms", "longest_wait = std::chrono::hours(24);", "longest_wait = std::chrono::milliseconds(20);",
     "selector.timed_idle"),
    (KQUEUE, "lose the last event of a full batch", "std::span(batch).first(static_cast<std::size_t>(count));",
     "std::span(batch).first(static_cast<std::size_t>(count == static_cast<int>(batch_size) ? count - 1 : count));",
     "buffer.rooms"),
]
