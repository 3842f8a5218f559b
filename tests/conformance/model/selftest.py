#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Plants faults in engines, one at a time, and demands that the model finds each in few operations.

    selftest.py PROGRAM COMPILER [WORD]     only faults whose description has the word

A fault is an engine's file, what is broken, a piece of the source, what is put in its place, and how many operations
are enough to show it. A piece that is not there exactly once is an error, so the list cannot fall behind the sources.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[3]
EPOLL = "epoll/epoll.cpp"
POLL = "poll_fallback/poll_fallback.cpp"
WATCHES = "poll_fallback/watches.cpp"

FAULTS = [
    (EPOLL, "a level watch that only writes hears of a half-closed peer for ever",
     "if (any(watch.interest & Ready::writable)) flags |= EPOLLOUT;",
     "if (any(watch.interest & Ready::writable)) flags |= EPOLLOUT | EPOLLRDHUP;", 13),
    (EPOLL, "modify() to level loses the last bit of the token",
     "{.u64 = static_cast<std::uint64_t>(watch.token)}};\n        return check(",
     "{.u64 = static_cast<std::uint64_t>(watch.token)}};\n"
     "        if (operation == EPOLL_CTL_MOD && watch.mode == Mode::level) event.data.u64 &= ~1ULL;\n"
     "        return check(", 5),
    (EPOLL, "a wake that is reported beside other events is the last",
     "wake_pending_.exchange(false, std::memory_order_acq_rel);",
     "if (count == 1) wake_pending_.exchange(false);", 6),
    (EPOLL, "the last event of a full buffer is lost",
     "return events;", "return events.size() > 1 && count == room ? events.first(events.size() - 1) : events;", 8),
    (EPOLL, "a closed source is bad_file_descriptor to remove()",
     "return epoll_ctl(epoll_, EPOLL_CTL_DEL, source, nullptr) == -1 ? unknown() : std::error_code();",
     "return check(epoll_ctl(epoll_, EPOLL_CTL_DEL, source, nullptr));", 2),
    (EPOLL, "an edge watch that is changed is edge no more",
     "epoll_event event{flags_of(watch),",
     "epoll_event event{operation == EPOLL_CTL_MOD ? flags_of(watch) & ~EPOLLET : flags_of(watch),", 5),
    (EPOLL, "a paused watch hears of a hang-up for ever",
     "if (flags == 0 || watch.mode == Mode::oneshot)", "if (watch.mode == Mode::oneshot)", 12),
    (EPOLL, "a hang-up is no failure, and nothing to write",
     "if (flags & (EPOLLOUT | EPOLLHUP | EPOLLERR))", "if (flags & EPOLLOUT)", 4),
    (POLL, "the scan begins at the front each time", "next_ < places ? next_ : 0", "seen", 12),
    (POLL, "a wake that finds a full buffer is lost",
     "const std::size_t places = polled.size() + 1;",
     "const std::size_t places = polled.size() + 1;\n"
     "        if (buffer.size() == 1 && ready > 0) woken_ = false;", 5),
    (WATCHES, "remove() forgets what the last watch was",
     "kept_[place] = kept_.back();", "", 6),
    (WATCHES, "remove() forgets where the last watch went",
     "place_[static_cast<std::size_t>(last < 0 ? ~last : last)] = place;\n"
     "    place_[static_cast<std::size_t>(source)] = nowhere;",
     "place_[static_cast<std::size_t>(source)] = nowhere;\n    (void)last;", 6),
    (WATCHES, "modify() does not arm a spent watch of the same interest",
     "polled_[place] = polled_for(source, watch);",
     "if (polled_[place].events != polled_for(source, watch).events) polled_[place] = polled_for(source, watch);", 5),
]


# What engines include, compiled once: that is most of the time.
HEADERS = "pollux/deadline.hpp pollux/plugin.hpp pollux/posix.hpp algorithm array atomic mutex new vector".split()


def compile_headers(scratch: pathlib.Path, compiler: str) -> list:
    """The command that compiles an engine."""
    command = [compiler, "-std=c++20", "-fPIC", "-I", SOURCE / "core/include"]
    headers = scratch / "headers.hpp"
    headers.write_text("".join(f"#include <{name}>\n" for name in HEADERS))
    subprocess.run([*command, "-x", "c++-header", headers, "-o", f"{headers}.gch"], check=True)
    return [*command, "-include", headers, "-shared"]


def compile_broken(fault: tuple, folder: pathlib.Path, compiling: list) -> pathlib.Path:
    path, description, piece, instead, _ = fault
    engine, file = path.split("/")
    shutil.copytree(SOURCE / "plugins" / engine, folder / engine)
    broken = folder / engine / file
    text = broken.read_text()
    if text.count(piece) != 1:
        raise ValueError(f"{path}: {description}: the piece is there {text.count(piece)} times, expected once")
    broken.write_text(text.replace(piece, instead))
    plugin = folder / f"libpollux-{engine}.so"
    subprocess.run([*compiling, "-o", plugin, *sorted((folder / engine).glob("*.cpp"))], check=True)
    return plugin


def hunt(fault: tuple, folder: pathlib.Path, program: str, compiling: list) -> str:
    """What is wrong with the model; empty if it found the fault."""
    most = fault[4]
    plugin = compile_broken(fault, folder, compiling)
    found = subprocess.run([program, "epoll", plugin, "--seed", "1", "--sequences", "3000"], capture_output=True,
                           text=True, timeout=120)
    length = re.search(r"shortest sequence found has (\d+) of", found.stdout)
    if found.returncode != 1 or not length:
        return f"found nothing: {found.stdout}{found.stderr}"
    replay = re.search(r'^replay: .* --play "(.*)"$', found.stdout, re.MULTILINE)
    again = subprocess.run([program, "epoll", plugin, "--play", replay[1]], capture_output=True, text=True, timeout=120)
    if again.returncode != 1:
        return f"the sequence cannot be replayed: {replay[1]}"
    if int(length[1]) > most:
        return f"expected {most} operations at most, seen:\n{found.stdout}"
    seed = re.search(r"^seed (\d+)", found.stdout, re.MULTILINE)
    print(f"found: {fault[0]}: {fault[1]}: {replay[1]} (seed {seed[1]})", flush=True)
    return ""


def main() -> int:
    program, compiler = sys.argv[1:3]
    faults = [fault for fault in FAULTS if len(sys.argv) < 4 or sys.argv[3] in fault[1]]
    os.environ.pop("POLLUX_BACKEND", None)
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(6) as pool:
        compiling = compile_headers(pathlib.Path(scratch), compiler)
        folders = [pathlib.Path(scratch) / str(number) for number in range(len(faults))]
        verdicts = list(pool.map(lambda pair: hunt(*pair, program, compiling), zip(faults, folders)))
    for fault, verdict in zip(faults, verdicts):
        if verdict:
            print(f"MISSED: {fault[0]}: {fault[1]}: {verdict}")
    print(f"{verdicts.count('')} faults found, {len(verdicts) - verdicts.count('')} missed")
    return 0 if verdicts and not any(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
