# SPDX-License-Identifier: BSL-1.0
from subject import engine

SUBJECT = engine("epoll")

# file, what is broken, the piece, what is put there, the rule that must catch it
EPOLL = "epoll.cpp"

FAULTS = [
    (EPOLL, "never clear the flag of a pending wake",
     "wake_pending_.exchange(false, std::memory_order_acq_rel);", ";", "wake.coalesces"),
    (EPOLL, "look at the flag of a pending wake instead of exchanging it",
     "if (wake_pending_.exchange(true, std::memory_order_acq_rel)) return {};",
     "if (wake_pending_.load(std::memory_order_relaxed)) return {}; wake_pending_.store(true, std::memory_order_relaxed);",
     "wake.never_lost"),
    (EPOLL, "watch the eventfd level-triggered, and do not drain it",
     "epoll_event event{EPOLLIN | EPOLLET,", "epoll_event event{EPOLLIN,", "wake.next"),
    (EPOLL, "forget one-shot on modify",
     "epoll_event event{flags_of(watch),",
     "epoll_event event{operation == EPOLL_CTL_MOD ? flags_of(watch) & ~EPOLLONESHOT : flags_of(watch),",
     "modify.rearms"),
    (EPOLL, "round the timeout down to milliseconds",
     "posix::to_timespec(timeout);",
     "posix::to_timespec(std::chrono::floor<std::chrono::milliseconds>(timeout));", "timeout.rounds_up"),
    (EPOLL, "swap the tokens of the first two events",
     "return events;", "if (count > 1) std::swap(events[0].token, events[1].token); return events;",
     "add.tokens"),
    (EPOLL, "return one event too few",
     "return events;", "return events.first(events.size() > 1 ? events.size() - 1 : events.size());",
     "buffer.lossless"),
    (EPOLL, "keep the watch on remove()",
     "return epoll_ctl(epoll_, EPOLL_CTL_DEL, source, nullptr) == -1 ? unknown() : std::error_code();",
     "return epoll_ctl(epoll_, EPOLL_CTL_DEL, -1, nullptr) == 0 ? unknown() : std::error_code();", "remove.is_final"),
    (EPOLL, "keep the old token on modify()",
     "{.u64 = static_cast<std::uint64_t>(watch.token)}};\n        return check(",
     "{.u64 = static_cast<std::uint64_t>(watch.token)}};\n        if (operation == EPOLL_CTL_MOD) event.data.u64 = 1;\n"
     "        return check(", "modify.replaces"),
    (EPOLL, "leave the epoll descriptor open across exec",
     "epoll_create1(EPOLL_CLOEXEC)", "epoll_create1(0)", "selector.close_on_exec"),
    (EPOLL, "leak the eventfd", "if (wake_ != -1) close(wake_);", "", "selector.no_leak"),
    (EPOLL, "take a hang-up for nothing to read",
     "if (flags & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))", "if (flags & EPOLLIN)", "end.pipe_writer_gone"),
    (EPOLL, "report a signal as an error", "if (errno != EINTR) error", "error", "signal.returns"),
    (EPOLL, "take edge for level", "watch.mode == Mode::edge ? flags | EPOLLET : flags", "flags", "edge.once"),
    (EPOLL, "let a paused level watch ask for data",
     "if (flags == 0 || watch.mode == Mode::oneshot)",
     "if (flags == 0) flags = EPOLLIN;\n    if (watch.mode == Mode::oneshot)", "add.no_interest"),
    (EPOLL, "let a paused watch hear of a hang-up for ever",
     "if (flags == 0 || watch.mode == Mode::oneshot)", "if (watch.mode == Mode::oneshot)", "modify.pauses"),
    (EPOLL, "accept the token of wakes",
     "if (is_reserved(watch.token)) return make_error_code(std::errc::invalid_argument);", "", "add.wake_token"),
    (EPOLL, "replace the watch on a second add()",
     "return change(EPOLL_CTL_ADD, source, watch);",
     "auto error = change(EPOLL_CTL_ADD, source, watch);\n"
     "        return error == std::errc::file_exists ? change(EPOLL_CTL_MOD, source, watch) : error;", "add.duplicate"),
    (EPOLL, "end a sleep without an event",
     "epoll_wait(epoll_, events, room, -1);", "epoll_wait(epoll_, events, room, 3);", "timeout.forever"),
    (EPOLL, "keep quiet about the step that failed", "failure = {check(result), name};", "failure = {};", "open.limits"),
]
