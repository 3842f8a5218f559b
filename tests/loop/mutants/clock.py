# SPDX-License-Identifier: BSL-1.0
from subject import library

SUBJECT = library("loop", "tests/loop/pollux-loop-clock")

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    ("src/turn.cpp", "read the clock in each turn",
     "    ++metrics_.turns;\n", "    ++metrics_.turns;\n    read_clock();\n",
     "Clock.is_not_read_by_a_turn_without_timers"),
    ("src/turn.cpp", "read the clock though no timer is set",
     "if (timers.may_be_due()) call_timers();", "call_timers();", "Clock.is_not_read_by_a_turn_without_timers"),
    ("src/turn.cpp", "read the clock before the look",
     "    poll(at_once_);\n    if (!events_.empty()) return;\n    const auto now = read_clock();\n",
     "    const auto now = read_clock();\n    poll(at_once_);\n    if (!events_.empty()) return;\n",
     "Clock.is_read_once_by_a_turn_with_timers_and_again_before_it_sleeps"),
    ("src/timers.hpp", "read the clock when a timer is set",
     "        const auto count = unscheduled_count_;\n", "        const auto count = unscheduled_count_;\n        now_of(clock_);\n",
     "Clock.is_not_read_by_setting_a_timer"),
    ("src/timers.cpp", "never use the coarse clock", "quiet_until_ = wheel_.next_expiry().value_or(never);", "",
     "Clock.is_a_coarse_one_while_all_timers_are_far"),
    ("src/turn.cpp", "let the coarse clock decide what the steady one has decided",
     "if (events_.empty()) timers.expect_due();", "", "Clock.that_is_coarse_and_far_behind_does_not_delay_timers"),
    ("src/timers.cpp", "never read the steady clock in a busy Loop", "if (--coarse_left_ != 0) return", "return",
     "Clock.that_is_coarse_and_far_behind_does_not_delay_timers_of_a_busy_loop"),
    ("src/signal_pipe_posix.cpp", "try to send once", "if (!error || tries == 8) return error;", "return error;",
     "OnSignal.is_not_lost_when_a_send_of_its_handler_fails"),
    ("src/signal_wake_watchers.cpp", "keep a failure of a handler for itself", "    if (error) make_ready_for_signals();\n    return error;",
     "    return {};", "on_signal.failure"),
]
