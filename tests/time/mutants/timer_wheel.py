# SPDX-License-Identifier: BSL-1.0
from subject import library

HEADER, WHEEL = "include/pollux/time/timer_wheel.hpp", "src/timer_wheel.cpp"
DEADLINE = "include/pollux/time/deadline.hpp"

SUBJECT = library(
    "time", "tests/time/pollux-time-tests", flags=("-D_GLIBCXX_ASSERTIONS",), patience=120, is_static=True,
    headers=("include/pollux/time/*.hpp",),
    own_tests=("tests/time/clock_test.cpp", "tests/time/deadline_test.cpp", "tests/time/timer_wheel_expiry_test.cpp",
               "tests/time/timer_wheel_model_test.cpp", "tests/time/timer_wheel_test.cpp"))  # fmt: skip

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (DEADLINE, "measure what is left by the steady clock",
     "(end_ - clock_.now(),", "(end_ - Clock().now(),", "Deadline.follows_its_clock"),
    (WHEEL, "take the end of the tick for the time of a timer",
     "return earliest ? std::max(*earliest, now_) : next_expiry();", "return next_deadline();",
     "timer_wheel.next_exact_deadline"),
    (WHEEL, "fire a tick early",
     "if (node.deadline_ > now_) {", "if (node.deadline_ > now_ + tick) {", "timer_wheel.to_the_nanosecond"),
    (WHEEL, "fire what is due later within the tick",
     "if (node.deadline_ > now_) {", "if (false) {", "timer_wheel.to_the_nanosecond"),
    (WHEEL, "fire only when the tick is over",
     "return expire_within_tick();", "return;", "timer_wheel.to_the_nanosecond"),
    (WHEEL, "lose the last timer of a slot at a cascade",
     "        place(node);\n    }\n}", "        if (link != nullptr) place(node);\n    }\n}",
     "timer_wheel.to_the_nanosecond"),
    (WHEEL, "cascade a slot from its end",
     "auto* ahead = chain.last;",
     "TimerLink* turned = nullptr;\n"
     "    for (auto* link = chain.first; link != nullptr;) {\n"
     "        auto* const next = link->next; link->next = turned; turned = link; link = next;\n"
     "    }\n"
     "    chain.first = turned;\n"
     "    TimerLink* ahead = nullptr;", "timer_wheel.ties"),
    (WHEEL, "skip a slot on a wide jump",
     "slot && slot->start <= target; slot = first_slot()",
     "slot && slot->start <= target; slot = slot->level > 2 ? std::nullopt : first_slot()", "timer_wheel_model.clock_jumps"),
    (WHEEL, "take a slot for over that is not",
     "const auto is_over = slot->start +", "const auto is_over = true || slot->start +",
     "timer_wheel.to_the_nanosecond"),
    (WHEEL, "leave a few of a tick in the order of insertion",
     "at > 0 && deadline < entries", "false && deadline < entries", "timer_wheel.order"),
    (WHEEL, "turn ties among a few",
     "at > 0 && deadline < entries", "at > 0 && deadline <= entries", "timer_wheel.ties"),
    (WHEEL, "leave many of a tick in the order of insertion",
     "chain = sorted(chain, before);", "static_cast<void>(before);", "timer_wheel.order"),
    (WHEEL, "turn ties among many",
     "before(newer, older) ? newer : older", "!before(older, newer) ? newer : older", "timer_wheel.many_ties"),
    (WHEEL, "return an expiry that is a tick too late",
     "return (slot->start << tick_bits) | (tick - 1);", "return (slot->start << tick_bits) + 2 * tick - 1;",
     "timer_wheel.next_expiry"),
    (WHEEL, "return the expiry of a cascade that is past",
     "if (slot->level > 0) return slot->start << tick_bits;", "if (slot->level > 0) return now_;",
     "timer_wheel.next_expiry"),
    (WHEEL, "forget what was inserted in the past until the tick is over",
     "if (slot->start == tick_ && earliest_ <= now_) return now_;", "", "timer_wheel.rearm_between_pops"),
    (WHEEL, "follow a clock that goes backwards",
     "now_ = std::max(now_, now);", "now_ = now;", "timer_wheel.backwards"),
    (WHEEL, "leave timers pending when the wheel dies",
     "            link->next = nullptr;\n            link = next;", "            link = next;", "timer_wheel.destroyed"),
    (HEADER, "leave the bit of a slot whose last timer is cancelled",
     "if (behind == before) leave_empty(behind);", "if (false) leave_empty(behind);",
     "timer_wheel.cancelled_timer_causes_no_wake"),
    (HEADER, "count a timer that is cancelled",
     "        unlink(node);\n        --pending_;\n    }\n\n    /// Advances",
     "        unlink(node);\n    }\n\n    /// Advances", "timer_wheel.cancel"),
    (HEADER, "give a timer in the past the slot of its own tick",
     "std::max(node.deadline_ >> tick_bits, tick_);", "node.deadline_ >> tick_bits;", "timer_wheel.rearm_between_pops"),
    (HEADER, "keep the sooner deadline of a timer that is rearmed",
     "        node.is_pending() ? detach(node) : void(++pending_);\n",
     "        if (node.is_pending() && node.deadline_ < deadline) return;\n"
     "        node.is_pending() ? detach(node) : void(++pending_);\n", "timer_wheel.rearm"),
    (HEADER, "count a timer twice that is rearmed", "node.is_pending() ? detach(node) : void(++pending_);",
     "if (node.is_pending()) detach(node);\n        ++pending_;", "timer_wheel.rearm"),
    (HEADER, "note a slot as occupied by its second timer", "if (last == &head) occupied_", "if (last != &head) occupied_",
     "timer_wheel.to_the_nanosecond"),
    (HEADER, "take the level below at each boundary",
     "std::countl_zero((at ^ tick_) | 1U)", "std::countl_zero(((at ^ tick_) >> 1U) | 1U)",
     "timer_wheel.to_the_nanosecond"),
]
