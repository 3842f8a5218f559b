#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Mechanical mutation testing: makes small changes to the sources, in each place where one is possible, and counts those
that no test fails for.

    mechanical.py --lists                       only checks that equivalent.txt matches the sources
    mechanical.py BUILD-FOLDER FOLDER [--count N] [--seed N] [--only FILE] [--jobs N]

FOLDER is one that a list of tests/*/mutants is about, as core, loop or plugins/epoll. A sample of N changes is tried, by
default 40, which the seed chooses; it is the same for a line of a file, whatever else changes. All programs of tests of
the folder's lists are run until one fails; of a backend it is the conformance suite, in brief. Then come the lists'
further commands, such as those that make calls fail.

A change that does not compile is no mutant. One whose object file is that of the source is equivalent, as are those that
equivalent.txt lists, with reasons. Exit status: 0 no other mutant has survived, 1 one has, 2 misuse.
"""
import sys

sys.dont_write_bytecode = True
import argparse
import collections
import concurrent.futures
import dataclasses
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
from typing import NamedTuple

import operators
import run

EQUIVALENT = pathlib.Path(__file__).with_name("equivalent.txt")


class Mutant(NamedTuple):
    file: str  # relative to the repository
    change: operators.Change
    number: int  # of the line
    line: str
    mutated: str  # that line

    def __str__(self):
        return f"{self.file}:{self.number}: {self.change.operator}\n    - {self.line}\n    + {self.mutated}"

    def key(self):
        return self.file, self.line, self.mutated


def mutants_of(file):
    text = (run.SOURCE / file).read_text(encoding="utf-8")
    for change in operators.changes_of(text):
        begin = text.rfind("\n", 0, change.begin) + 1
        end = text.find("\n", change.end)
        line = text[begin:end]
        mutated = text[begin : change.begin] + change.instead + text[change.end : end]
        yield Mutant(file, change, text.count("\n", 0, begin) + 1, " ".join(line.split()), " ".join(mutated.split()))


def listed_as_equivalent():
    """The keys of the mutants in equivalent.txt, each with its reason."""
    entries, entry = {}, []
    for number, line in enumerate(EQUIVALENT.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        entry.append(line.strip())
        if len(entry) == 4:
            file, before, after, reason = entry
            if not (before.startswith("- ") and after.startswith("+ ") and reason.startswith("because ")):
                sys.exit(f'{EQUIVALENT.name}:{number}: expected a file, and lines with "- ", "+ " and "because "')
            entries[file, before[2:], after[2:]] = reason
            entry = []
    if entry:
        sys.exit(f"{EQUIVALENT.name}: the last entry has {len(entry)} of 4 lines")
    return entries


def stale_entries(entries):
    """The entries whose mutant does not exist any more."""
    made = {mutant.key() for file in {file for file, *_ in entries} if (run.SOURCE / file).exists() for mutant in mutants_of(file)}
    return [key for key in entries if key not in made]


class Group:
    """Lists whose libraries are made of the same sources in the same way, so that a mutant is compiled once for all."""

    def __init__(self, lists, build, scratch):
        self.build, self.scratch, self.lists = build, scratch, lists
        self.subject = lists[0].subject
        self.sound = run.Library(self.subject, build, scratch / "sound")
        self.objects = self.sound.compiled(self.sound.sources())
        self.sound.link(self.objects)
        self.tests = {}  # the objects of the programs that are made again, by the name of the list
        for each in lists:
            if each.subject.own_tests:
                self.tests[each.name] = self.sound.compiled([run.SOURCE / file for file in each.subject.own_tests])
        self.runs = [self.try_sound(each, program) for each in lists for program in self.programs_of(each)]
        self.commands = [self.try_command(command) for command in {command: None for each in lists for command in each.subject.commands}]

    def programs_of(self, each):
        return [program for program in (each.subject.program, *each.subject.others) if (self.build / program).exists()]

    def try_sound(self, each, program):
        """Returns a run of fails(): a program, the tests of it that pass without a mutant, and the time that it may take."""
        begun = time.monotonic()
        left_out = []
        while self.fails(self.sound, each, program, "-" + ":".join(left_out), each.subject.patience):
            output = (self.sound.folder / "output").read_text(encoding="utf-8", errors="replace")
            # Such as those of the folder of plugins, which is another one here.
            failing = re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE)[-1:]
            if not failing or failing[0] in left_out or len(left_out) == 3:
                print(output)
                sys.exit(f"mechanical.py: {program} fails without a mutant")
            left_out += failing
            print(f"left out, since it fails without a mutant: {failing[0]}")
            begun = time.monotonic()
        # A program that takes ten times as long has failed.
        return each, program, "-" + ":".join(left_out), min(each.subject.patience, 30 + 10 * (time.monotonic() - begun))

    def fails(self, library, each, program, tests, patience, is_made_again=None):
        is_made_again = each.subject.is_static if is_made_again is None else is_made_again
        library.subject = dataclasses.replace(each.subject, attempts=1, patience=patience)
        library.program = self.build / program
        if is_made_again and program == each.subject.program:
            library.make_program(library.folder / f"program-{each.name}")
        return library.fails(tests, *(["--brief", "--gtest_fail_fast"] if each.subject.is_argument else []))

    def try_command(self, command):
        """Returns a command that succeeds without a mutant, and the time that it may take."""
        begun = time.monotonic()
        if self.command_fails(self.sound, command, 600):
            print((self.sound.folder / "output").read_text(encoding="utf-8", errors="replace"))
            sys.exit(f"mechanical.py: {' '.join(command)} fails without a mutant")
        return command, 30 + 10 * (time.monotonic() - begun)

    def command_fails(self, library, command, patience):
        words = [word.format(library=library.file, folder=library.folder, build=self.build, source=run.SOURCE) for word in command]
        try:
            with open(library.folder / "output", "w", encoding="utf-8") as output:
                return subprocess.run(words, env=library.environment(), timeout=patience, stdout=output, stderr=output).returncode != 0
        except subprocess.TimeoutExpired:
            library.timed_out = True
            return True

    def files(self):
        own = self.sound.sources()
        found = {*own, *(header for file in own for header in file.parent.glob("*.hpp"))}
        found |= {file for each in self.lists for pattern in each.subject.headers for file in self.sound.folder.glob(pattern)}
        return {str(self.subject.folder / file.relative_to(self.sound.folder)) for file in found}

    def verdict(self, mutant, number):
        """Returns "killed", "timed out", "survived", "equivalent", or "invalid"."""
        broken = run.Library(self.subject, self.build, self.scratch / str(number))
        file = broken.folder / pathlib.Path(mutant.file).relative_to(self.subject.folder)
        text, change = file.read_text(encoding="utf-8"), mutant.change
        file.write_text(text[: change.begin] + change.instead + text[change.end :], encoding="utf-8")
        is_header = file.suffix == ".hpp"
        is_equivalent = True
        try:
            objects = broken.compiled(broken.sources() if is_header else [file])
            if any(objects[name].read_bytes() != self.objects[name].read_bytes() for name in objects):
                is_equivalent = False
            broken.link(self.objects | objects)
            # The programs that include the header come first, since the others see less of it.
            for each, program, tests, patience in sorted(self.runs, key=lambda one: not one[0].subject.own_tests):
                is_made_again = is_header and bool(each.subject.own_tests)
                if is_made_again:
                    made = broken.compiled([run.SOURCE / test for test in each.subject.own_tests])
                    if any(made[name].read_bytes() != self.tests[each.name][name].read_bytes() for name in made):
                        is_equivalent = False
                if is_equivalent:
                    continue
                if self.fails(broken, each, program, tests, patience, is_made_again or each.subject.is_static):
                    return "timed out" if broken.timed_out else "killed"
            for command, patience in [] if is_equivalent else self.commands:
                if self.command_fails(broken, command, patience):
                    return "timed out" if broken.timed_out else "killed"
        except subprocess.CalledProcessError:
            return "invalid"
        finally:
            shutil.rmtree(broken.folder)
        return "equivalent" if is_equivalent else "survived"


class Subjects:
    """All groups of one folder."""

    def __init__(self, folder, build, scratch):
        lists = [each for each in run.chosen_lists("") if each.subject.folder == folder
                 and (build / each.subject.program).exists()]  # fmt: skip
        if not lists:
            sys.exit(f"mechanical.py: no list of mutants of {folder} has a program in {build}")
        grouped = collections.defaultdict(list)
        for each in lists:
            subject = each.subject
            grouped[subject.library, subject.sources, subject.flags, subject.links].append(each)
        self.groups = [Group(group, build, scratch / str(index)) for index, group in enumerate(grouped.values())]

    def files(self):
        return sorted({file for group in self.groups for file in group.files()})

    def verdict(self, mutant, number):
        seen = {"equivalent"}
        for group in self.groups:
            if mutant.file in group.files():
                verdict = group.verdict(mutant, number)
                if verdict in ("killed", "timed out", "invalid"):
                    return verdict
                seen.add(verdict)
        return "survived" if "survived" in seen else "equivalent"


def sample(files, count, seed):
    """Chooses by a hash of each mutant's own text, so that the others do not matter."""
    seen = collections.Counter()
    ranked = []
    for mutant in (mutant for file in files for mutant in mutants_of(file)):
        seen[mutant.key()] += 1
        digest = hashlib.sha256(f"{seed}\n{mutant.key()}\n{seen[mutant.key()]}".encode()).digest()
        ranked.append((digest, mutant))
    ranked.sort(key=lambda pair: pair[0])
    return [mutant for _, mutant in ranked[:count]], len(ranked)


def fault_of_entries(equivalent):
    """What sys.exit() takes: a message, or None."""
    stale = stale_entries(equivalent)
    return "\n".join([f"{EQUIVALENT.name}: these mutants do not exist", *map(str, stale)]) if stale else None


def main():
    if sys.argv[1:] == ["--lists"]:
        return fault_of_entries(listed_as_equivalent())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="of this file only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mutants at a time; most of them wait")
    options = parser.parse_args()
    os.environ.pop("POLLUX_BACKEND", None)
    equivalent = listed_as_equivalent()
    if fault := fault_of_entries(equivalent):
        sys.exit(fault)
    counts, survivors, printing = collections.Counter(), [], threading.Lock()
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        subjects = Subjects(options.folder, options.build.resolve(), pathlib.Path(scratch))
        files = [file for file in subjects.files() if options.only in file]
        chosen, all_of_them = sample(files, options.count, options.seed)

        def tried(number, mutant):
            verdict = "equivalent" if mutant.key() in equivalent else subjects.verdict(mutant, number)
            with printing:
                counts["killed" if verdict == "timed out" else verdict] += 1
                counts["by time"] += verdict == "timed out"
                print(f"{verdict:10} {mutant}", flush=True)
            if verdict == "survived":
                survivors.append(mutant)

        for done in [pool.submit(tried, number, mutant) for number, mutant in enumerate(chosen)]:
            done.result()
    judged = counts["killed"] + counts["survived"]
    share = 100 * counts["killed"] / judged if judged else 0
    print(f"{options.folder}: {len(chosen)} of {all_of_them} changes, seed {options.seed}: {counts['invalid']} do not compile, "
          f"{counts['equivalent']} equivalent, {counts['killed']} killed ({counts['by time']} by time), {counts['survived']} survived ({share:.0f} % killed)")  # fmt: skip
    return 1 if survivors or not judged else 0


if __name__ == "__main__":
    sys.exit(main())
