#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Mechanical mutation testing: makes small changes to the sources, in each place where one is possible, and counts those
that no test fails for.

    mechanical.py --lists                       only checks that equivalent.txt matches the sources
    mechanical.py BUILD-FOLDER FOLDER [--count N] [--seed N] [--only FILE]

FOLDER is one that a list of tests/*/mutants is about, as core, loop or plugins/epoll. A sample of N changes is tried, by
default 40, which the seed chooses; it is the same for a line of a file, whatever else changes. All programs of tests of
the folder's lists are run until one fails; of a backend it is the conformance suite, in brief.

A change that does not compile is no mutant. One whose object file is that of the source is equivalent, as are those that
equivalent.txt lists, with reasons. Exit status: 0 no other mutant has survived, 1 one has, 2 misuse.
"""
import sys

sys.dont_write_bytecode = True
import argparse
import collections
import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import tempfile
import threading
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


class Subjects:
    """The subjects of one folder, with objects of its unchanged sources."""

    def __init__(self, folder, build, scratch):
        self.build, self.scratch, self.folder = build, scratch, folder
        self.lists = [each for each in run.chosen_lists("") if each.subject.folder == folder
                      and (build / each.subject.program).exists()]  # fmt: skip
        if not self.lists:
            sys.exit(f"mechanical.py: no list of mutants of {folder} has a program in {build}")
        self.sound = {}
        for each in self.lists:
            sound = run.Library(each.subject, build, scratch / "sound" / each.name)
            self.sound[each.name] = sound.compiled(sound.sources())
            sound.link(self.sound[each.name])
            if each.subject.is_static:
                sound.make_program()
            if sound.fails("*", *self.flags(each)):
                print((sound.folder / "output").read_text(encoding="utf-8", errors="replace"))
                sys.exit(f"mechanical.py: the tests of {each.name} fail without a mutant")

    def files(self):
        found = {file for each in self.lists for pattern in each.subject.sources for file in (run.SOURCE / self.folder).glob(pattern)}
        found |= {header for file in found for header in file.parent.glob("*.hpp")}
        return sorted(str(file.relative_to(run.SOURCE)) for file in found if not file.name.endswith("_windows.cpp"))

    @staticmethod
    def flags(each):
        return ["--brief", "--jobs=1"] if each.subject.is_argument else []

    def verdict(self, mutant, number):
        """Returns "killed", "survived", "equivalent", or "invalid"."""
        is_equivalent = True
        for each in self.lists:
            broken = run.Library(each.subject, self.build, self.scratch / each.name / str(number))
            file = broken.folder / pathlib.Path(mutant.file).relative_to(self.folder)
            text, change = file.read_text(encoding="utf-8"), mutant.change
            file.write_text(text[: change.begin] + change.instead + text[change.end :], encoding="utf-8")
            changed = [file] if file.suffix == ".cpp" else broken.sources()
            try:
                objects = broken.compiled(changed)
                sound = self.sound[each.name]
                if all(objects[name].read_bytes() == sound[name].read_bytes() for name in objects):
                    continue
                is_equivalent = False
                broken.link(sound | objects)
                if each.subject.is_static:
                    broken.make_program()
            except subprocess.CalledProcessError:
                return "invalid"
            if broken.fails("*", *self.flags(each)):
                return "killed"
        return "equivalent" if is_equivalent else "survived"


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
    options = parser.parse_args()
    os.environ.pop("POLLUX_BACKEND", None)
    equivalent = listed_as_equivalent()
    if fault := fault_of_entries(equivalent):
        sys.exit(fault)
    counts, survivors, printing = collections.Counter(), [], threading.Lock()
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        subjects = Subjects(options.folder, options.build.resolve(), pathlib.Path(scratch))
        files = [file for file in subjects.files() if options.only in file]
        chosen, all_of_them = sample(files, options.count, options.seed)

        def tried(number, mutant):
            verdict = "equivalent" if mutant.key() in equivalent else subjects.verdict(mutant, number)
            with printing:
                counts[verdict] += 1
                print(f"{verdict:10} {mutant}", flush=True)
            if verdict == "survived":
                survivors.append(mutant)

        for done in [pool.submit(tried, number, mutant) for number, mutant in enumerate(chosen)]:
            done.result()
    judged = counts["killed"] + counts["survived"]
    share = 100 * counts["killed"] / judged if judged else 0
    print(f"{options.folder}: {len(chosen)} of {all_of_them} changes, seed {options.seed}: {counts['invalid']} do not compile, "
          f"{counts['equivalent']} equivalent, {counts['killed']} killed, {counts['survived']} survived ({share:.0f} % killed)")  # fmt: skip
    return 1 if survivors or not judged else 0


if __name__ == "__main__":
    sys.exit(main())
