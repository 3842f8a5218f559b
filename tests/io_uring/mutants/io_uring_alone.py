# SPDX-License-Identifier: BSL-1.0
"""Mutants that fail only with results of the kernel that the conformance suite cannot cause."""
from subject import backend

SUBJECT = backend("io_uring", program="bin/pollux-io-uring-tests", links=("-luring",), patience=120)

IO_URING = "io_uring.cpp"
REQUESTS = "requests.cpp"
RING = "ring.cpp"
WATCHES = "watches.cpp"
KIND = "source_kind.cpp"
LIMIT = "memory_limit.cpp"

MUTANTS = [
    (KIND, "take what can be polled for a file", "const auto kind = !is_refused ",
     "const auto kind = true ? SourceKind::always_ready : !is_refused ",
     "Overflow.other_sources_lose_no_edge"),
    (KIND, "take a file for what can be polled", "errno == EPERM", "errno == 0", "Overflow.files_are_left_alone"),
    (KIND, "take what cannot be found out for a file", "if (set == -1) return SourceKind::unknown;",
     "if (set == -1) return SourceKind::always_ready;", "Overflow.files_are_known_later"),
    (REQUESTS, "do not arm again what ended when completions overflowed",
     "if (kind == SourceKind::socket || (kind == SourceKind::pollable && !is_over)) watches_.changed.push(index);",
     "static_cast<void>(is_over);",
     "Overflow.loses_no_edge"),
    (REQUESTS, "wait for requests that the kernel never ends", "deadline.left() > 0ns", "true",
     "Refusal.destruction_survives_all"),
    (REQUESTS, "retry for ever what the kernel cannot take", "reaped == 0 || busy == most_busy", "false",
     "Refusal.select_says_so"),
    (RING, "enter for ever", "if (left >= before) ++fruitless;", "", "Refusal.destruction_survives_all"),
    (IO_URING, "remove for ever",
     "|| deadline.left() == std::chrono::nanoseconds::zero()) break;", ") break;", "Process.selecting_thread_in_vfork"),
    (IO_URING, "keep the lock while remove() waits", "lock.unlock();\n            error = requests_.sleep(pause);",
     "error = requests_.sleep(std::chrono::milliseconds(250));\n            lock.unlock();",
     "Process.selecting_thread_in_vfork"),
    (IO_URING, "give up a removal at the first refusal", "if (error && !is_passing(error)) return false;",
     "if (error) return false;", "Refusal.remove_survives_some"),
    (IO_URING, "forget a removal that was refused", "watches_.changed.push(index); // for update() to cancel", "",
     "Refusal.remove_survives_all"),
    (IO_URING, "reap what a sleeper would wake for",
     "error = asleep_ ? requests_.submit() : requests_.submit_and_reap();", "error = requests_.submit_and_reap();",
     "Refusal.remove_does_not_reap_for_a_sleeper"),
    (REQUESTS, "do not cancel what was requested of a watch that goes",
     "return slot.requests == 0 || ring_.prepare_cancel(name_of(index, slot), ignored);", "return true;",
     "Refusal.remove_survives_some"),
    (IO_URING, "call a wake delivered that was refused", "if (const auto error = end_sleep()) return error;\n        watches_.recheck",
     "end_sleep();\n        watches_.recheck", "Refusal.wake_says_so"),
    (REQUESTS, "believe that a refused wake is under way", "if (ring_.has_completions()) return {};",
     "if (ring_.has_completions() || ring_.has_prepared()) return {};", "Refusal.wake_says_so"),
    (IO_URING, "watch what could not be submitted", "if (const auto error = end_sleep()) return error;\n        watches_[index]",
     "const auto error = end_sleep();\n        watches_[index]", "Refusal.wake_says_so"),
    (IO_URING, "cancel the requests of the parent in a child", "if (owner_.is_current()) requests_.cancel_and_drain();",
     "requests_.cancel_and_drain();", "Process.child_leaves_the_ring_alone"),
    (IO_URING, "remove in a child what the parent watches",
     "if (!owner_.is_current()) return other_process();\n        std::unique_lock lock(mutex_);\n        if (!is_watched",
     "std::unique_lock lock(mutex_);\n        if (!is_watched", "Process.child_leaves_the_ring_alone"),
    (IO_URING, "select in a child", "if (!owner_.is_current() || buffer.empty()) {", "if (buffer.empty()) {",
     "Process.child_leaves_the_ring_alone"),
    (IO_URING, "poll(2) below a lowered limit", "posix::poll_now(std::span(rechecks).first(size))",
     "poll(rechecks.data(), size, 0)", "Process.lowered_descriptor_limit"),
    (RING, "take the number of a standard stream", "posix::above_standard_streams(ring_.ring_fd)", "ring_.ring_fd",
     "Process.standard_streams_are_left_free"),
    (RING, "enter the ring by its old number", "ring_.ring_fd = ring_.enter_ring_fd =", "ring_.ring_fd =",
     "Process.standard_streams_are_left_free"),
    (RING, "do not wait for memory", "while (result == -ENOMEM && deadline", "while (false && deadline",
     "Process.memory_is_waited_for"),
    (LIMIT, "name another limit", "getrlimit(RLIMIT_MEMLOCK", "getrlimit(RLIMIT_STACK", "Process.memory_limit_is_named"),
    (REQUESTS, "do not keep what is reported once",
     "note_reported_once(index, slot, completion.result);\n        watches_", "watches_", "Once.each_change_is_reported"),
    (REQUESTS, "lose what is reported once by modify()", "if (is_of_watch && ", "if (false && ",
     "Once.modify_keeps_a_change"),
    (REQUESTS, "report to a new watch an event of the old one", "const bool is_of_watch = slot->watched && ",
     "const bool is_of_watch = slot->watched || ", "Once.change_of_another_watch_is_ignored"),
    (REQUESTS, "believe a completion of a socket", "|| kind_at(index, slot) == SourceKind::socket", "",
     "Once.data_of_sockets_is_no_priority"),
    (WATCHES, "take all requests for those of this watch", "since = generation;", "", "Once.change_of_another_watch_is_ignored"),
    (IO_URING, "report once for ever", "std::exchange(slot.reported_once, std::int16_t{0})", "slot.reported_once",
     "Once.each_change_is_reported"),
]
