# SPDX-License-Identifier: BSL-1.0
from subject import backend, other_tests

SUBJECT = backend("io_uring", commands=other_tests("io_uring"), links=("-luring",))

# file, defect, piece of the source, its replacement, rule that has to fail
IO_URING = "io_uring.cpp"
REQUESTS = "requests.cpp"
RING = "ring.cpp"
WATCHES = "watches.cpp"
TABLE = "watches.hpp"

MUTANTS = [
    (IO_URING, "leave a sleeper alone when a watch changes",
     "if (const auto error = end_sleep()) return error;\n        watches_[index].begin_watch(watch);",
     "watches_[index].begin_watch(watch);", "add.while_asleep"),
    (IO_URING, "take the end of the sleep for the wake",
     "watches_.recheck(wake_index);", "if (!asleep_) watches_.recheck(wake_index);", "wake.asleep"),
    (IO_URING, "sleep although a watch has to be requested again",
     "if (!watches_.changed.empty()) {", "if (false) {", "level.repeats"),
    (IO_URING, "report the kernel's completions without a recheck",
     "error = check(posix::poll_now(std::span(rechecks).first(size)));",
     "for (auto& it : rechecks) it.revents = it.events;", "level.repeats"),
    (IO_URING, "do not recheck a level watch",
     "if (slot.watch.mode == Mode::level) watches_.recheck(index);", "", "mode.switch"),
    (IO_URING, "request again what ended below a lowered limit",
     "if (seen == 0 && end != 0) seen = posix::recheck_end(source_at(index), end);", "static_cast<void>(end);",
     "selector.lowered_limit_no_spin"),
    (IO_URING, "request a spent watch again", "slot.reports = slot.armed = false;", "watches_.changed.push(index);",
     "oneshot.once"),
    (WATCHES, "keep a recheck that was due when a watch is replaced",
     "armed = by_change = needs_recheck = rearm_later = false;", "armed = by_change = rearm_later = false;",
     "modify.pauses"),
    (TABLE, "keep a recheck that was due when a watch goes",
     "watched = reports = armed = needs_recheck = false;", "watched = reports = armed = false;", "remove.is_final"),
    (IO_URING, "take a signal for an error",
     "if (result == std::errc::interrupted) return false;", "", "signal.returns"),
    (IO_URING, "believe that every number is open",
     "return check(fcntl(source, F_GETFD));", "return check(source < 0 ? -1 : 0);", "add.not_open"),
    (IO_URING, "report the wake again", "if (index == wake_index) return",
     "if (index == wake_index) slot.needs_recheck = true, watches_.ready.push(index);\n"
     "        if (index == wake_index) return", "wake.next"),
    (REQUESTS, "give up what a thread has requested when it ends",
     "if (error == EBADF || error == EINVAL) return;", "if (error != ENOMEM) return;", "selector.idle"),
    (REQUESTS, "do not request again what ended for want of room",
     "if (kind == SourceKind::socket || kind == SourceKind::pollable) watches_.changed.push(index);",
     "", "overload.lossless"),
    (REQUESTS, "request a state that is not wanted again and again", "slot.by_change = true; // POLLRDHUP", "// POLLRDHUP",
     "end.no_spin"),
    (REQUESTS, "leave the request of the old interest",
     "if (slot.requests > 0) ring_.prepare_cancel(user_data_of(index, slot), ignored);",
     "if (slot.requests > 0) return;", "mode.switch"),
    (REQUESTS, "wait for out-of-band data by POLLPRI alone",
     "return flags & POLLPRI ? flags | POLLRDBAND : flags;", "return flags;", "priority.asked"),
    (REQUESTS, "end no sleep", "if (!ring_.has_prepared()) ring_.prepare_nop(ignored);", "", "wake.asleep"),
    (REQUESTS, "take a request that has ended for one in flight",
     "if (completion.is_last) slot->armed = false;", "", "accept.ready"),
    (RING, "request once what has to be reported each time", "entry->len = IORING_POLL_ADD_MULTI;", "entry->len = 0;",
     "edge.once"),
    (RING, "sleep for no completion", "ring_.ring_fd), 0, 1,", "ring_.ring_fd), 0, 0,", "selector.idle"),
    (RING, "leave the ring open", "if (std::exchange(is_mapped_, false)) io_uring_queue_exit(&ring_);", "",
     "selector.no_leak"),
    (RING, "keep quiet about the step that failed", "failure.set(error, step, sentence);", "failure.set(error, {}, sentence);",
     "open.limits"),
    (WATCHES, "put the newest first",
     "(empty() ? first_ : next_[last_]) = index;\n    last_ = index;",
     "next_[index] = std::exchange(first_, index);", "buffer.fair"),
    (IO_URING, "begin a wait again after each change", "} else if (!sleep(left, error)) {",
     "} else if (!sleep(timeout, error)) {", "timeout.beside_changes"),
    (IO_URING, "lose a source behind a full batch",
     "error = check(posix::poll_now(std::span(rechecks).first(size)));",
     "error = check(posix::poll_now(std::span(rechecks).first(size)));\n"
     "            if (size == rechecks.size() && !watches_.ready.empty()) watches_[watches_.ready.pop()].needs_recheck = false;",
     "buffer.rooms"),
    (IO_URING, "report what a watch is not interested in any more", "any(slot.watch.interest & Ready::priority);", "true;",
     "priority.once"),
]
