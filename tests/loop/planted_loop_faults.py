#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Plants faults in Loop, each in a copy, and demands that its tests catch each.

    planted_loop_faults.py BUILD-FOLDER [WORD]     only faults whose description has the word

Each fault becomes a libpollux-loop.so of its own, which the test program of the build folder is run with. A piece of the
source that is not there exactly once is an error, so the list cannot fall behind the sources.
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds; a Loop that never ends is caught by that

# file, what is broken, the piece, what is put there, the tests of which one must fail
FAULTS = [
    ("watches.cpp", "skip the check of the generation",
     "slot.generation_ != token >> 32 || ", "", "loop.nothing_stale:NothingStale.*"),
    ("watches.cpp", "keep the generation of a watch that ends", "    ++generation_;\n", "",
     "loop.nothing_stale:NothingStale.*"),
    ("watches.cpp", "tell a changed watch what only its former self asked for",
     "if (slot.changed_ && !conforms(slot, event)) return nullptr;", "", "watch.change"),
    ("watches.cpp", "forget what was cut off an event",
     "slot.anew_ = true; // also if it is changed back", "{}", "Change.that_is_taken_back_loses_no_edge"),
    ("watches.cpp", "arm a one-shot watch that was reported behind its back",
     "if (std::exchange(slot.changed_, false)) slot.unlink();", "", "Change.of_a_oneshot_watch_in_the_batch"),
    ("watches.cpp", "tell the engine what it knows",
     "const bool changed = !slot.is_known_ || slot.anew_ || slot.asked_ != slot.known_;", "const bool changed = true;",
     "watch.changes_cancel"),
    ("watches.cpp", "defer a removal for ever",
     "if (std::exchange(is_known_, false)) watches_.registrator_.remove(source_);", "is_known_ = false;",
     "watch.close_at_once:watch.changes_cancel"),
    ("watches.cpp", "drop a refusal", "    agenda_.ready.push_back(slot);\n", "", "watch.refused"),
    ("agenda.cpp", "destroy the callback of a handle that ends in its own call",
     "if (agenda_.in_turn) {", "if (false) {", "loop.close:handle.dies_anywhere"),
    ("turn.cpp", "sleep though something is left for the next turn",
     "if (is_over || has_work() || !is_kept())", "if (is_over || !is_kept())", "loop.budget:loop.defer"),
    ("turn.cpp", "ask the engine before its last events are handled",
     "    if (next_event_ < events_.size()) return;\n", "", "loop.budget"),
    ("turn.cpp", "call without a budget", "    budget.use();\n", "", "loop.budget"),
    ("turn.cpp", "call the deferred functions before the watches",
     "    call_ready();\n    call_deferred();\n", "    call_deferred();\n    call_ready();\n", "loop.phases"),
    ("turn.cpp", "lose the events behind one whose callback throws",
     "auto event = events_[next_event_++];",
     "auto event = events_[next_event_]; const auto now = std::exchange(next_event_, events_.size());\n"
     "        struct Back { std::size_t& to; std::size_t next; int thrown = std::uncaught_exceptions();\n"
     "            ~Back() { if (std::uncaught_exceptions() == thrown) to = next; } } back{next_event_, now + 1};",
     "loop.exceptions"),
    ("timers.cpp", "count a duration from the beginning of the turn",
     "    after_ = not_negative(after);\n    unlink(); // behind all others that were set before this\n"
     "    timers_.fresh_.push_back(*this);\n",
     "    unlink();\n    timers_.wheel_.insert(*this, sum(timers_.now_, not_negative(after)));\n", "timer.never_early"),
    ("timers.cpp", "let periods drift",
     "sum(slot.deadline() + slot.missed_ * slot.period_, slot.period_)", "sum(now_, 2 * slot.period_)",
     "timer.no_drift"),
    ("timers.cpp", "call for each period that was missed",
     "slot.missed_ = (now_ - slot.deadline()) / slot.period_;", "slot.missed_ = 0;", "timer.missed"),
    ("posts.cpp", "never wake again", "    woken_ = false;\n}", "}", "post.one_wake:post.order"),
    ("posts.cpp", "leave a Loop asleep whose last Hold is released",
     "    wake(); // the Loop may have nothing to wait for any more\n", "", "post.hold"),
    ("signals.cpp", "leave the signal caught",
     "if (--process().watchers[index(signal)] == 0) release_signal(signal);", "--process().watchers[index(signal)];",
     "on_signal.restores"),
    ("bell_posix.cpp", "disturb errno in the handler", "    errno = error;\n", "    static_cast<void>(error); errno = 1;\n",
     "OnSignal.does_not_disturb_what_it_interrupts"),
]


def objects_of(folder: pathlib.Path, sources: list) -> dict:
    """By name; compiled into the folder, against its own headers."""
    objects = {source.stem: folder / f"{source.stem}.o" for source in sources}
    for source in sources:
        subprocess.run(["c++", "-std=c++20", "-g1", "-O0", "-fPIC", "-I", SOURCE / "core/include", "-I", folder / "include",
                        "-c", "-o", objects[source.stem], source], check=True)
    return objects


def sources_of(folder: pathlib.Path) -> list:
    return [file for file in sorted(folder.glob("src/*.cpp")) if not file.name.endswith("_windows.cpp")]


def link_loop(folder: pathlib.Path, objects: dict) -> None:
    subprocess.run(["c++", "-shared", "-Wl,-soname,libpollux-loop.so.0.1", "-o", folder / "libpollux-loop.so.0.1",
                    *objects.values()], check=True)


def is_caught(folder: pathlib.Path, program: pathlib.Path, tests: str) -> bool:
    environment = os.environ | {"LD_LIBRARY_PATH": str(folder)}
    try:
        run = subprocess.run([program, f"--gtest_filter={tests}", "--gtest_throw_on_failure"], env=environment,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return True
    return run.returncode != 0


def plant(folder: pathlib.Path, fault: tuple, program: pathlib.Path, sound: dict) -> bool:
    file, description, piece, instead, tests = fault
    shutil.copytree(SOURCE / "loop", folder)
    broken = folder / "src" / file
    text = broken.read_text()
    if text.count(piece) != 1:
        print(f"NO PLACE  {file}: {description}: the piece is there {text.count(piece)} times, expected once")
        return False
    broken.write_text(text.replace(piece, instead))
    # Of the others nothing is new, unless they include what is broken.
    changed = [broken] if broken.suffix == ".cpp" else sources_of(folder)
    link_loop(folder, sound | objects_of(folder, changed))
    caught = is_caught(folder, program, tests)
    print(f"{'caught' if caught else 'MISSED'}  {file}: {description}: {tests}", flush=True)
    return caught


def main() -> int:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve() / "tests/loop/pollux-loop-tests"
    word = sys.argv[2] if len(sys.argv) == 3 else ""
    os.environ.pop("POLLUX_BACKEND", None)
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # Where even the sound Loop fails, nothing is caught.
        sound = pathlib.Path(scratch) / "sound"
        shutil.copytree(SOURCE / "loop", sound)
        objects = objects_of(sound, sources_of(sound))
        link_loop(sound, objects)
        if is_caught(sound, program, ":".join(fault[4] for fault in FAULTS)):
            sys.exit("planted_loop_faults.py: the tests fail without a planted fault")
        tried = [pool.submit(plant, pathlib.Path(scratch) / str(number), fault, program, objects)
                 for number, fault in enumerate(FAULTS) if word in fault[1]]
        verdicts = [one.result() for one in tried]
    print(f"{verdicts.count(True)} faults caught, {verdicts.count(False)} missed")
    return 0 if verdicts and all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
