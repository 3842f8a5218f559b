#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Plants faults in loop/, each in a copy, and demands that its tests catch each.

    planted_faults.py [WORD]     only faults whose description has the word

A fault is a test program, a file of loop/, what is broken, a piece of the source, what is put in its place, and the
test that must fail, as a filter of GoogleTest. A piece that is not there exactly once is an error, so the list cannot
fall behind the sources. PROGRAMS are the test programs, with the sources of loop/ and of tests/loop/ that each is made of.

As many are tried at a time as there are processors. COMPILER, if it is set, is used instead of c++.
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
COMPILER = os.environ.get("COMPILER", "c++")
PATIENCE = 120  # seconds; a broken wheel may go round for ever, and is caught by that
HEADER, WHEEL = "include/pollux/timer_wheel.hpp", "src/timer_wheel.cpp"

# name: (sources of loop/, tests of tests/loop/, further arguments of the compiler, with {source} for the folder)
PROGRAMS = {
    "timer_wheel": ([WHEEL], ["timer_wheel_model_test.cpp", "timer_wheel_test.cpp"], []),
}

# program, file, what is broken, the piece, what is put there, the test that must catch it
FAULTS = [
    ("timer_wheel", WHEEL, "fire a tick early",
     "if (node.deadline_ > now_) {", "if (node.deadline_ > now_ + tick) {", "timer_wheel.to_the_nanosecond"),
    ("timer_wheel", WHEEL, "fire what is due later within the tick",
     "if (node.deadline_ > now_) {", "if (false) {", "timer_wheel.to_the_nanosecond"),
    ("timer_wheel", WHEEL, "fire only when the tick is over",
     "return expire_within_tick();", "return;", "timer_wheel.to_the_nanosecond"),
    ("timer_wheel", WHEEL, "lose the last timer of a slot at a cascade",
     "        place(node);\n    }\n}", "        if (link != nullptr) place(node);\n    }\n}",
     "timer_wheel.to_the_nanosecond"),
    ("timer_wheel", WHEEL, "spread a slot from its end",
     "auto* ahead = chain.last;",
     "TimerLink* turned = nullptr;\n"
     "    for (auto* link = chain.first; link != nullptr;) {\n"
     "        auto* const next = link->next; link->next = turned; turned = link; link = next;\n"
     "    }\n"
     "    chain.first = turned;\n"
     "    TimerLink* ahead = nullptr;", "timer_wheel.ties"),
    ("timer_wheel", WHEEL, "skip a slot on a wide jump",
     "slot && slot->start <= target; slot = first_slot()",
     "slot && slot->start <= target; slot = slot->level > 2 ? std::nullopt : first_slot()", "timer_wheel_model.clock_jumps"),
    ("timer_wheel", WHEEL, "take a slot for over that is not",
     "const auto is_over = slot->start +", "const auto is_over = true || slot->start +",
     "timer_wheel.to_the_nanosecond"),
    ("timer_wheel", WHEEL, "leave a few of a tick in the order of insertion",
     "at > 0 && deadline < entries", "false && deadline < entries", "timer_wheel.order"),
    ("timer_wheel", WHEEL, "turn ties among a few",
     "at > 0 && deadline < entries", "at > 0 && deadline <= entries", "timer_wheel.ties"),
    ("timer_wheel", WHEEL, "leave many of a tick in the order of insertion",
     "chain = sorted(chain, before);", "static_cast<void>(before);", "timer_wheel.order"),
    ("timer_wheel", WHEEL, "turn ties among many",
     "before(newer, older) ? newer : older", "!before(older, newer) ? newer : older", "timer_wheel.many_ties"),
    ("timer_wheel", WHEEL, "tell a loop to wake a tick too late",
     "return (slot->start << tick_bits) | (tick - 1);", "return (slot->start << tick_bits) + 2 * tick - 1;",
     "timer_wheel.next_expiry"),
    ("timer_wheel", WHEEL, "tell a loop to wake for a cascade that is past",
     "if (slot->level > 0) return slot->start << tick_bits;", "if (slot->level > 0) return now_;",
     "timer_wheel.next_expiry"),
    ("timer_wheel", WHEEL, "forget what was inserted in the past until the tick is over",
     "if (slot->start == tick_ && earliest_ <= now_) return now_;", "", "timer_wheel.between_pops"),
    ("timer_wheel", WHEEL, "follow a clock that goes backwards",
     "now_ = std::max(now_, now);", "now_ = now;", "timer_wheel.backwards"),
    ("timer_wheel", WHEEL, "leave timers pending when the wheel dies",
     "            link->next = nullptr;\n            link = next;", "            link = next;", "timer_wheel.lets_go"),
    ("timer_wheel", HEADER, "leave the bit of a slot whose last timer is cancelled",
     "if (node.next == node.previous) leave_empty(node.next);", "if (false) leave_empty(node.next);",
     "timer_wheel.cancelled_timer_wakes_nobody"),
    ("timer_wheel", HEADER, "count a timer that is cancelled",
     "        unlink(node);\n        --pending_;\n    }\n\n    /// Moves",
     "        unlink(node);\n    }\n\n    /// Moves", "timer_wheel.cancel"),
    ("timer_wheel", HEADER, "give a timer in the past the slot of its own tick",
     "std::max(node.deadline_ >> tick_bits, tick_);", "node.deadline_ >> tick_bits;", "timer_wheel.between_pops"),
    ("timer_wheel", HEADER, "keep the sooner deadline of a timer that is rearmed",
     "        cancel(node);\n        insert(node, deadline);",
     "        if (node.is_pending() && node.deadline_ < deadline) return;\n"
     "        cancel(node);\n        insert(node, deadline);", "timer_wheel.rearm"),
    ("timer_wheel", HEADER, "take the level below at each boundary",
     "std::bit_width((at ^ tick_) | 1U)) - 1;", "std::bit_width(((at ^ tick_) >> 1U) | 1U)) - 1;",
     "timer_wheel.to_the_nanosecond"),
]


def compiled(loop: pathlib.Path, sources: list, to: pathlib.Path) -> list:
    compiler = [*(["ccache"] if shutil.which("ccache") else []), COMPILER]
    objects = []
    for source in sources:
        objects.append(to / f"{source.stem}.o")
        subprocess.run([*compiler, "-std=c++20", "-g1", "-O1", "-D_GLIBCXX_ASSERTIONS", "-I", loop / "include",
                        "-I", SOURCE / "core/include", "-c", "-o", objects[-1], source], check=True)  # fmt: skip
    return objects


def tests_of(loop: pathlib.Path, name: str, to: pathlib.Path) -> list:
    return compiled(loop, [SOURCE / "tests/loop" / file for file in PROGRAMS[name][1]], to)


def linked(loop: pathlib.Path, name: str, to: pathlib.Path, tests: list) -> pathlib.Path:
    sources, _, flags = PROGRAMS[name]
    objects = compiled(loop, [loop / file for file in sources], to)
    further = [flag.format(source=SOURCE) for flag in flags]
    subprocess.run([COMPILER, "-o", to / name, *objects, *tests, *further, "-lgtest", "-lgtest_main", "-pthread"],
                   check=True)  # fmt: skip
    return to / name


def fails(program: pathlib.Path, test: str) -> bool:
    try:
        run = subprocess.run([program, f"--gtest_filter={test}", "--gtest_break_on_failure"], timeout=PATIENCE,
                             cwd=program.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    except subprocess.TimeoutExpired:
        return True
    if run.returncode == 0 and "[  PASSED  ] 0 tests" in run.stdout:
        sys.exit(f"planted_faults.py: there is no test {test}")
    return run.returncode != 0


def copied(folder: pathlib.Path) -> pathlib.Path:
    loop = folder / "loop"
    shutil.copytree(SOURCE / "loop", loop)
    return loop


def plant(folder: pathlib.Path, fault: tuple, sound_tests: list) -> bool:
    name, file, description, piece, instead, test = fault
    loop = copied(folder)
    text = (loop / file).read_text()
    if text.count(piece) != 1:
        print(f"NO PLACE  {file}: {description}: the piece is there {text.count(piece)} times, expected once", flush=True)
        return False
    (loop / file).write_text(text.replace(piece, instead))
    # The tests have another header only if that is what is broken.
    tests = tests_of(loop, name, folder) if file.startswith("include/") else sound_tests
    caught = fails(linked(loop, name, folder, tests), test)
    print(f"{'caught' if caught else 'MISSED'}  {file}: {description}: {test}", flush=True)
    return caught


def main() -> int:
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    faults = [fault for fault in FAULTS if word in fault[2]]
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        sound_tests = {}
        for name in sorted({fault[0] for fault in faults}):
            # Where even the sound sources fail, nothing is caught.
            folder = pathlib.Path(scratch) / "sound" / name
            loop = copied(folder)
            sound_tests[name] = tests_of(loop, name, folder)
            program = linked(loop, name, folder, sound_tests[name])
            for test in sorted({fault[5] for fault in faults if fault[0] == name}):
                if fails(program, test):
                    sys.exit(f"planted_faults.py: {test} fails without a planted fault")
        tried = [pool.submit(plant, pathlib.Path(scratch) / str(number), fault, sound_tests[fault[0]])
                 for number, fault in enumerate(faults)]  # fmt: skip
        verdicts = [one.result() for one in tried]
    print(f"{verdicts.count(True)} faults caught, {verdicts.count(False)} missed")
    return 0 if verdicts and all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
