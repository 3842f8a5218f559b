# SPDX-License-Identifier: BSL-1.0
from subject import backend

SUBJECT = backend("poll_fallback")

# file, defect, piece of the source, its replacement, rule that has to fail
POLL = "poll_fallback.cpp"
WATCHES = "watches.cpp"

MUTANTS = [
    (POLL, "do not interrupt the sleep on a change", "if (!asleep_ || interrupted_) return {};",
     "if (!asleep_ || !woken_) return {};",
     "add.while_asleep"),
    (POLL, "never drain the pair", "if ((std::exchange(interrupted_, false) || pair_events != 0) && !posix::drain(pair_[0]))",
     "interrupted_ = false;\n        if (false)", "selector.idle"),
    (POLL, "always begin the scan at the front", "next_ < size ? next_ : 0", "seen", "buffer.fair"),
    (POLL, "lose a wake when the buffer is full",
     "const std::size_t size = polled.size() + 1;",
     "const std::size_t size = polled.size() + 1;\n"
     "        if (buffer.size() == 1 && ready > 0) woken_ = false;", "buffer.room_for_wake"),
    (POLL, "return after one sleep", "if (left == left.zero()) return {};",
     "if (left == left.zero() || (timeout && next_++ % 2)) return {};", "timeout.never_early"),
    (POLL, "believe that every number is open", "return check(fcntl(source, F_GETFD));", "return check(source < 0 ? 0 : 0);",
     "add.not_open"),
    (POLL, "pass the pair on to other programs", "const auto error = posix::open_pair(pair_);",
     "const auto error = check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair_.data()));", "selector.close_on_exec"),
    (POLL, "take the numbers of standard streams", "const auto error = posix::open_pair(pair_);",
     "const auto error = check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair_.data()));", "selector.standard_streams"),
    (POLL, "let a child wake its parent", "if (!owner_.is_current()) return other_process();\n        const MutexLock",
     "const MutexLock", "fork.calls_refused"),
    (POLL, "ask only a poll(2) that a lowered limit refuses", "posix::poll_now(polled)",
     "poll(polled.data(), polled.size(), 0)", "selector.lowered_limit"),
    (POLL, "sleep only in a poll(2) that a lowered limit refuses", "check(posix::poll_for(sleeping_on_, milliseconds))",
     "check(poll(sleeping_on_.data(), sleeping_on_.size(), milliseconds))", "selector.lowered_limit"),
    (POLL, "take the end of the pair for a wake", "!posix::drain(pair_[0]))", "(posix::drain(pair_[0]), false))",
     "selector.descriptors_closed_while_waiting"),
    (POLL, "let a wake raise SIGPIPE", "if (const auto error = posix::send_byte(pair_[1])) return error;",
     "if (send(pair_[1], \"\", 1, 0) == -1 && errno != EAGAIN) return check(-1);", "wake.descriptors_closed"),
    (POLL, "write into another file", "if (const auto error = posix::send_byte(pair_[1])) return error;",
     "if (write(pair_[1], \"\", 1) == -1 && errno != EAGAIN) return check(-1);", "wake.descriptors_replaced"),
    (POLL, "take closed descriptors of the process for sources", "if ((polled[index].revents & POLLNVAL) && fcntl(pair_[0], F_GETFD) == -1) {",
     "if (false) {", "selector.descriptors_closed"),
    (POLL, "poll again for what was reported once", "if (!result) watches_.keep_owed(sleeping_on_, added);", "(void)added;",
     "priority.once"),
    (POLL, "lose what was reported once and found no room",
     "if (ready > 0) watches_.keep_owed(polled, watches_.added());", "", "priority.once"),
    (POLL, "report a change as the end of the sleep",
     "if (!sleep(timeout ? posix::to_milliseconds(left) : -1, error)) return {};",
     "sleep(timeout ? posix::to_milliseconds(left) : -1, error);\n            return {};", "timeout.forever"),
    (WATCHES, "keep a spent one-shot watch armed",
     "if (kept_[index].oneshot || (events & POLLNVAL))", "if (events & POLLNVAL)", "oneshot.once"),
    (WATCHES, "report a closed number for ever",
     "if (kept_[index].oneshot || (events & POLLNVAL))", "if (kept_[index].oneshot)", "close.while_registered"),
    (WATCHES, "lose the position of the last watch on remove()",
     "index_[static_cast<std::size_t>(last < 0 ? ~last : last)] = index;\n    index_[static_cast<std::size_t>(source)] = no_index;",
     "index_[static_cast<std::size_t>(source)] = no_index;\n    (void)last;", "scale.many_sources"),
    (WATCHES, "keep the old mode on modify()",
     "kept.oneshot = watch.mode == Mode::oneshot;", "", "mode.switch"),
    (WATCHES, "leave a paused watch to poll(2)",
     "return {events == 0 ? masked(source) : source, events, 0};",
     "return {source, static_cast<short>(events == 0 ? POLLIN : events), 0};", "add.no_interest"),
    (WATCHES, "take a hang-up for nothing to read",
     "if (events & (POLLIN | POLLHUP | POLLERR))", "if (events & POLLIN)", "end.pipe_writer_gone"),
]
