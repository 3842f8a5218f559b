#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Mutation testing: makes mutants, each a copy of the sources with one defect, and fails unless the named test kills each.

    run.py --lists                              only checks that the lists match the sources
    run.py BUILD-FOLDER [LIST] [WORD]           only this list; only mutants whose description has the word
    run.py BUILD-FOLDER --third NUMBER          every third mutant, the third being NUMBER modulo 3

The lists are tests/*/mutants/LIST.py, beside the tests that they check. Each has a SUBJECT (see subject.py), and MUTANTS:
a file, a description of the defect, a piece of the source, its replacement, and the test that has to fail, as a filter of
GoogleTest. A piece that does not occur exactly once is an error, as is a test that does not exist, so no list can go out
of date unnoticed. A list is skipped if its program was not built.

As many mutants run at a time as there are processors, since most of them wait. A mutant that survives is run once more
alone, since a thread that spins may look idle while other processes are busy.
"""
import sys

sys.dont_write_bytecode = True
import concurrent.futures
import fnmatch
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
from typing import NamedTuple

SOURCE = pathlib.Path(__file__).resolve().parents[2]


class Mutant(NamedTuple):
    file: str
    description: str
    piece: str
    instead: str
    test: str


def names_in_sources():
    """Returns the names of all rules and tests, as their macros have them: suite.name."""
    macro = re.compile(r"^\s*(?:RULE|REPORTED_BUG|TYPED_TEST|TEST|TEST_F|TEST_P)\(\s*(\w+),\s*(\w+)", re.MULTILINE)
    files = [file for pattern in ("*.cpp", "*.hpp") for file in (SOURCE / "tests").rglob(pattern)]
    return {".".join(names) for file in files for names in macro.findall(file.read_text(encoding="utf-8"))}


def filled(words, build):
    return [word.format(source=SOURCE, build=build) for word in words]


class Library:
    """Owns a copy of the sources of a subject, and builds a library from it."""

    def __init__(self, subject, build, folder):
        self.subject, self.build, self.folder = subject, build, folder
        self.file = folder / subject.library
        self.program = build / subject.program
        self.timed_out = False
        shutil.copytree(SOURCE / subject.folder, folder)

    def sources(self):
        found = {file for pattern in self.subject.sources for file in self.folder.glob(pattern)}
        own = sorted(file for file in found if not file.name.endswith("_windows.cpp"))
        return own + [self.build / file for file in self.subject.generated]

    def compiled(self, sources):
        """Returns the object files by the name of their source."""
        launcher = ["ccache"] if shutil.which("ccache") else []
        includes = ["include", SOURCE / "core/include", SOURCE / "time/include"]
        made = {}
        for source in sources:
            made[source.name] = self.folder / (source.name + ".o")
            # Relative to the folder, so that ccache knows the command: the folder's name differs each time.
            inside = source.relative_to(self.folder) if source.is_relative_to(self.folder) else source
            subprocess.run(
                [*launcher, self.subject.compiler, "-std=c++20", "-O1", "-fPIC", "-D_GLIBCXX_ASSERTIONS",
                 *(f"-I{path}" for path in includes),
                 *filled(self.subject.flags, self.build), "-c", "-o", made[source.name], inside],
                cwd=self.folder, check=True)  # fmt: skip
        return made

    def link(self, objects):
        subprocess.run([self.subject.compiler, "-shared", "-o", self.file, *objects.values(),
                        *filled(self.subject.links, self.build)], check=True)  # fmt: skip

    def make_program(self, program=None):
        """Builds the tests with the headers of this copy."""
        objects = self.compiled([SOURCE / file for file in self.subject.own_tests])
        self.program = program or self.folder / "program"
        subprocess.run([self.subject.compiler, "-o", self.program, *objects.values(), self.file,
                        "-lgtest", "-lgtest_main", "-pthread"], check=True)  # fmt: skip

    def command(self, *flags):
        return [*self.subject.runner, self.program, *([self.subject.stack.format(self.file)] if self.subject.is_argument else []), *flags]

    def environment(self):
        others = os.environ.get("LD_LIBRARY_PATH")
        return os.environ | {"LD_LIBRARY_PATH": f"{self.folder}:{others}" if others else str(self.folder)}

    def test_names(self):
        listed = subprocess.run(self.command("--gtest_list_tests"), env=self.environment(), check=True,
                                stdout=subprocess.PIPE, text=True).stdout  # fmt: skip
        suite, names = "", []
        for line in listed.splitlines():
            name = line.partition("#")[0].rstrip()
            if name.startswith("  "):
                names.append(suite + name.strip())
            else:
                suite = name
        return names

    def fails(self, test, *flags):
        """Returns whether a run fails, or takes longer than the subject's patience: then `timed_out` is true."""
        # The first failure is enough: each may come after a timeout of seconds.
        command = self.command(f"--gtest_filter={test}", "--gtest_throw_on_failure", *flags)
        for _ in range(self.subject.attempts):
            try:
                with open(self.folder / "output", "w", encoding="utf-8") as output:
                    run = subprocess.run(command, env=self.environment(), timeout=self.subject.patience,
                                         stdout=output, stderr=output)  # fmt: skip
            except subprocess.TimeoutExpired:
                self.timed_out = True
                return True
            if run.returncode not in (0, 2):  # 2 is misuse; a crash kills the mutant, too
                return True
        return False


class List:
    """The mutants of one subject."""

    def __init__(self, file):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.name, self.subject = file.stem, module.SUBJECT
        self.mutants = [Mutant(*mutant) for mutant in module.MUTANTS]
        self.objects = {}

    def misplaced(self, names):
        for pattern in self.subject.sources:
            if not list((SOURCE / self.subject.folder).glob(pattern)):
                yield f"{self.name}: the source {pattern} does not exist in {self.subject.folder}/"
        for mutant in self.mutants:
            if mutant.file.startswith("include/") and not (self.subject.own_tests or self.subject.generated):
                yield f"{self.name_of(mutant)}: the tests that include it have to be compiled again: expected own_tests in SUBJECT"
            count = (SOURCE / self.subject.folder / mutant.file).read_text(encoding="utf-8").count(mutant.piece)
            if count != 1:
                yield f"{self.name_of(mutant)}: the piece occurs {count} times, expected once"
            for test in mutant.test.split(":"):
                # Parameters are before and after the name: Backends/Suite.name/epoll.
                name = next((part for part in test.split("/") if "." in part), test)
                if not fnmatch.filter(names, name):
                    yield f"{self.name_of(mutant)}: no source under tests/ has the test {name}"

    def is_in_program(self, mutant):
        """Whether the tests include the mutated file."""
        return self.subject.is_static or (bool(self.subject.own_tests) and mutant.file.endswith(".hpp"))

    def name_of(self, mutant):
        return f"{self.name}: {mutant.file}: {mutant.description}: {mutant.test}"

    def make_sound(self, build, folder):
        """Builds the library without a defect. If its tests fail, the mutants prove nothing."""
        sound = Library(self.subject, build, folder)
        self.objects = sound.compiled(sound.sources())
        sound.link(self.objects)
        names = sound.test_names()
        for mutant in self.mutants:
            for test in mutant.test.split(":"):
                # The conformance suite puts the backend's name before the test's, and its filter does without.
                if not any(fnmatch.fnmatchcase(name, each) for name in names for each in (test, f"*/{test}")):
                    raise SystemExit(f"run.py: {self.name_of(mutant)}: there is no test {test}")
        # Other tests run the whole suite; a library runs all named tests at once.
        tests = [mutant.test for mutant in self.mutants]
        tests = tests[0] if self.subject.is_argument else ":".join(sorted(set(tests)))
        if sound.fails(tests):
            output = (sound.folder / "output").read_text(encoding="utf-8", errors="replace")
            raise SystemExit(f"{output}\nrun.py: {self.name}: {tests} fails without a mutant")

    def make(self, mutant, build, folder):
        broken = Library(self.subject, build, folder)
        file = broken.folder / mutant.file
        file.write_text(file.read_text(encoding="utf-8").replace(mutant.piece, mutant.instead), encoding="utf-8")
        # The other objects are unchanged, unless they include the mutated header.
        changed = [file] if file.suffix == ".cpp" else broken.sources()
        broken.link(self.objects | broken.compiled(changed))
        if self.is_in_program(mutant):
            broken.make_program()
        return broken

    def is_killed(self, mutant, broken):
        begun = time.monotonic()
        killed = broken.fails(mutant.test)
        taken = time.monotonic() - begun
        print(f"{'killed  ' if killed else 'SURVIVED'} {taken:5.1f} s  {self.name_of(mutant)}", flush=True)
        return killed


def chosen_lists(name):
    lists = [List(file) for file in sorted(SOURCE.glob("tests/*/mutants/*.py"))]
    if name and name not in [each.name for each in lists]:
        sys.exit(f'run.py: no list is called "{name}"; expected one of: {", ".join(each.name for each in lists)}')
    return [each for each in lists if name in ("", each.name)]


def fault_of_lists(lists):
    """What sys.exit() takes: a message, or None."""
    names = names_in_sources()
    misplaced = [message for each in lists for message in each.misplaced(names)]
    return "\n".join(["run.py: the lists do not match the sources", *misplaced]) if misplaced else None


def main():
    words = sys.argv[1:]
    if words == ["--lists"]:
        return fault_of_lists(chosen_lists(""))
    third = None
    if len(words) == 3 and words[1] == "--third" and words[2].isdecimal():
        third = int(words[2]) % 3
        del words[1:]
    if len(words) not in (1, 2, 3) or any(each.startswith("-") for each in words):
        sys.exit(__doc__)
    begun = time.monotonic()
    build = pathlib.Path(words[0]).resolve()
    name, word = (words[1:] + ["", ""])[:2]
    lists = chosen_lists(name)
    # Even of the lists that cannot run here.
    if fault := fault_of_lists(lists):
        sys.exit(fault)
    for each in [each for each in lists if not (build / each.subject.program).exists()]:
        print(f"skipped: {each.name}, since {build / each.subject.program} was not built")
        lists.remove(each)
    os.environ.pop("POLLUX_BACKEND", None)
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for made in [pool.submit(each.make_sound, build, pathlib.Path(scratch) / each.name / "sound") for each in lists]:
            made.result()

        def tried(each, mutant, number):
            broken = each.make(mutant, build, pathlib.Path(scratch) / each.name / str(number))
            return each.is_killed(mutant, broken), each, mutant, broken

        verdicts = [one.result() for one in [pool.submit(tried, each, mutant, number) for each in lists
                    for number, mutant in enumerate(each.mutants)
                    if word in mutant.description and third in (None, number % 3)]]  # fmt: skip
        survivors = [again for killed, *again in verdicts if not killed]
        left = len([0 for each, *again in survivors if not each.is_killed(*again)])
    print(f"{len(verdicts) - left} mutants killed, {left} survived, in {time.monotonic() - begun:.0f} s")
    return 0 if verdicts and left == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
