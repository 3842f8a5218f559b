# SPDX-License-Identifier: BSL-1.0
from subject import engine

SUBJECT = engine("poll_fallback")

# file, what is broken, the piece, what is put there, the rule that must catch it
POLL = "poll_fallback.cpp"
WATCHES = "watches.cpp"

FAULTS = [
    (POLL, "do not interrupt the sleep on a change", "if (!asleep_ || interrupted_) return {};", "if (!woken_) return {};",
     "add.while_asleep"),
    (POLL, "never empty the pipe", "if (std::exchange(interrupted_, false)) {", "if (false) {", "selector.idle"),
    (POLL, "always begin the scan at the front", "next_ < places ? next_ : 0", "seen", "buffer.fair"),
    (POLL, "lose a wake when the buffer is full",
     "const std::size_t places = polled.size() + 1;",
     "const std::size_t places = polled.size() + 1;\n"
     "        if (buffer.size() == 1 && ready > 0) woken_ = false;", "buffer.room_for_wake"),
    (POLL, "return after one sleep", "if (left == left.zero()) return {};",
     "if (left == left.zero() || (timeout && next_++ % 2)) return {};", "timeout.never_early"),
    (POLL, "believe that every number is open", "return check(fcntl(source, F_GETFD));", "return check(source < 0 ? 0 : 0);",
     "add.not_open"),
    (POLL, "pass the pipe on to other programs", "fcntl(end, F_SETFD, FD_CLOEXEC) == -1 ||", "",
     "selector.close_on_exec"),
    (POLL, "report a change as the end of the sleep",
     "if (!sleep(lock, timeout ? posix::to_milliseconds(left) : -1, error)) return {};",
     "sleep(lock, timeout ? posix::to_milliseconds(left) : -1, error);\n            return {};", "timeout.forever"),
    (WATCHES, "keep a spent one-shot watch armed",
     "if (kept_[index].oneshot || (events & POLLNVAL))", "if (events & POLLNVAL)", "oneshot.once"),
    (WATCHES, "report a closed number for ever",
     "if (kept_[index].oneshot || (events & POLLNVAL))", "if (kept_[index].oneshot)", "close.forgotten"),
    (WATCHES, "forget where the last watch went on remove()",
     "place_[static_cast<std::size_t>(last < 0 ? ~last : last)] = place;\n    place_[static_cast<std::size_t>(source)] = nowhere;",
     "place_[static_cast<std::size_t>(source)] = nowhere;\n    (void)last;", "many.sources"),
    (WATCHES, "keep the old mode on modify()",
     "kept_[place] = {watch.token, watch.mode == Mode::oneshot};", "kept_[place].token = watch.token;", "mode.switch"),
    (WATCHES, "leave a paused watch to poll(2)",
     "return {events == 0 ? silenced(source) : source, events, 0};",
     "return {source, static_cast<short>(events == 0 ? POLLIN : events), 0};", "add.no_interest"),
    (WATCHES, "take a hang-up for nothing to read",
     "if (events & (POLLIN | POLLHUP | POLLERR))", "if (events & POLLIN)", "end.pipe_writer_gone"),
]
