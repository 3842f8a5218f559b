# SPDX-License-Identifier: BSL-1.0
from subject import library

SUBJECT = library("loop", "tests/loop/pollux-loop-tests")

# file, what is broken, the piece, what is put there, the tests of which one must fail
FAULTS = [
    ("src/watches.cpp", "skip the check of the generation",
     "slot.generation_ != token >> 32 || ", "", "loop.nothing_stale:NothingStale.*"),
    ("src/watches.cpp", "keep the generation of a watch that ends", "    ++generation_;\n", "",
     "loop.nothing_stale:NothingStale.*"),
    ("src/watches.cpp", "tell a changed watch what only its former self asked for",
     "if (slot.changed_ && !conforms(slot, event)) return nullptr;", "", "watch.change"),
    ("src/watches.cpp", "forget what was cut off an event",
     "slot.anew_ = true; // also if it is changed back", "{}", "Change.that_is_taken_back_loses_no_edge"),
    ("src/watches.cpp", "arm a one-shot watch that was reported behind its back",
     "if (std::exchange(slot.changed_, false)) slot.unlink();", "", "Change.of_a_oneshot_watch_in_the_batch"),
    ("src/watches.cpp", "tell the engine what it knows",
     "const bool changed = !slot.is_known_ || slot.anew_ || slot.asked_ != slot.known_;", "const bool changed = true;",
     "watch.changes_cancel"),
    ("src/watches.cpp", "defer a removal for ever",
     "if (std::exchange(is_known_, false)) watches_.registrator_.remove(source_);", "is_known_ = false;",
     "watch.close_at_once:watch.changes_cancel"),
    ("src/watches.cpp", "drop a refusal", "    agenda_.ready.push_back(slot);\n", "", "watch.refused"),
    ("src/agenda.cpp", "destroy the callback of a handle that ends in its own call",
     "if (agenda_.in_turn) {", "if (false) {", "loop.close:handle.dies_anywhere"),
    ("src/turn.cpp", "sleep though something is left for the next turn",
     "if (is_over || has_work() || !is_kept())", "if (is_over || !is_kept())", "loop.budget:loop.defer"),
    ("src/turn.cpp", "ask the engine before its last events are handled",
     "    if (next_event_ < events_.size()) return;\n", "", "loop.budget"),
    ("src/turn.cpp", "call without a budget", "    budget.use();\n", "", "loop.budget"),
    ("src/turn.cpp", "call the deferred functions before the watches",
     "    call_ready();\n    call_deferred();\n", "    call_deferred();\n    call_ready();\n", "loop.phases"),
    ("src/turn.cpp", "lose the events behind one whose callback throws",
     "auto event = events_[next_event_++];",
     "auto event = events_[next_event_]; const auto now = std::exchange(next_event_, events_.size());\n"
     "        struct Back { std::size_t& to; std::size_t next; int thrown = std::uncaught_exceptions();\n"
     "            ~Back() { if (std::uncaught_exceptions() == thrown) to = next; } } back{next_event_, now + 1};",
     "loop.exceptions"),
    ("src/timers.cpp", "count a duration from the beginning of the turn",
     "    after_ = not_negative(after);\n    unlink(); // behind all others that were set before this\n"
     "    timers_.fresh_.push_back(*this);\n",
     "    unlink();\n    timers_.wheel_.insert(*this, sum(timers_.now_, not_negative(after)));\n", "timer.never_early"),
    ("src/timers.cpp", "let periods drift",
     "sum(slot.deadline() + slot.missed_ * slot.period_, slot.period_)", "sum(now_, 2 * slot.period_)",
     "timer.no_drift"),
    ("src/timers.cpp", "call for each period that was missed",
     "slot.missed_ = (now_ - slot.deadline()) / slot.period_;", "slot.missed_ = 0;", "timer.missed"),
    ("src/posts.cpp", "never wake again", "    woken_ = false;\n}", "}", "post.one_wake:post.order"),
    ("src/posts.cpp", "leave a Loop asleep whose last Hold is released",
     "    wake(); // the Loop may have nothing to wait for any more\n", "", "post.hold"),
    ("src/signals.cpp", "leave the signal caught",
     "if (--process().watchers[index(signal)] == 0) release_signal(signal);", "--process().watchers[index(signal)];",
     "on_signal.restores"),
    ("src/bell_posix.cpp", "disturb errno in the handler", "    errno = error;\n", "    static_cast<void>(error); errno = 1;\n",
     "OnSignal.does_not_disturb_what_it_interrupts"),
]
