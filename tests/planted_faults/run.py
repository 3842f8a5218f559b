#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Plants faults, each in a copy of the sources, and demands that the tests catch each, by the one that is named with it.

    run.py BUILD-FOLDER [LIST] [WORD]           only this list; only faults whose description has the word
    run.py BUILD-FOLDER --third NUMBER          every third one, of the three thirds that which the number falls on

Lists are tests/*/planted_faults/LIST.py, beside the tests that they try. Each has a SUBJECT (see subject.py), and FAULTS:
a file, what is broken, a piece of the source, what is put in its place, and the test, as a filter of GoogleTest. A piece
that is not there exactly once is an error, as is a test that does not exist, so no list can fall behind. One whose
program was not built is left out.

As many are tried at a time as there are processors: most of it is waiting. What is missed then is tried once more
alone, since a thread that spins may look idle beside others that are busy.
"""
import sys

sys.dont_write_bytecode = True
import concurrent.futures
import fnmatch
import importlib.util
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from typing import NamedTuple

SOURCE = pathlib.Path(__file__).resolve().parents[2]


class Fault(NamedTuple):
    file: str
    description: str
    piece: str
    instead: str
    test: str


def filled(words, build):
    return [word.format(source=SOURCE, build=build) for word in words]


class Library:
    """A copy of the sources of a subject, and what is made of it."""

    def __init__(self, subject, build, folder):
        self.subject, self.build, self.folder = subject, build, folder
        self.file = folder / subject.library
        self.program = build / subject.program
        shutil.copytree(SOURCE / subject.folder, folder)

    def sources(self):
        found = {file for pattern in self.subject.sources for file in self.folder.glob(pattern)}
        return sorted(file for file in found if not file.name.endswith("_windows.cpp"))

    def compiled(self, sources):
        """The object files, by the name of the source."""
        launcher = ["ccache"] if shutil.which("ccache") else []
        includes = ["include", SOURCE / "core/include"]
        made = {}
        for source in sources:
            made[source.name] = self.folder / (source.name + ".o")
            # By its name in the folder, which ccache has seen before; the folder is new each time.
            inside = source.relative_to(self.folder) if source.is_relative_to(self.folder) else source
            subprocess.run(
                [*launcher, self.subject.compiler, "-std=c++20", "-O1", "-fPIC", *(f"-I{path}" for path in includes),
                 *filled(self.subject.flags, self.build), "-c", "-o", made[source.name], inside],
                cwd=self.folder, check=True)  # fmt: skip
        return made

    def link(self, objects):
        subprocess.run([self.subject.compiler, "-shared", "-o", self.file, *objects.values(),
                        *filled(self.subject.links, self.build)], check=True)  # fmt: skip

    def make_program(self):
        """The tests, with the headers of this copy."""
        objects = self.compiled([SOURCE / file for file in self.subject.own_tests])
        self.program = self.folder / "program"
        subprocess.run([self.subject.compiler, "-o", self.program, *objects.values(), self.file,
                        "-lgtest", "-lgtest_main", "-pthread"], check=True)  # fmt: skip

    def command(self, *flags):
        return [*self.subject.runner, self.program, *([self.file] if self.subject.is_argument else []), *flags]

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

    def fails(self, test):
        # The first failure is enough: each may be the end of seconds of patience.
        command = self.command(f"--gtest_filter={test}", "--gtest_throw_on_failure")
        for _ in range(self.subject.attempts):
            try:
                with open(self.folder / "output", "w", encoding="utf-8") as output:
                    run = subprocess.run(command, env=self.environment(), timeout=self.subject.patience,
                                         stdout=output, stderr=output)  # fmt: skip
            except subprocess.TimeoutExpired:
                return True
            if run.returncode not in (0, 2):  # 2 is misuse; a crash is caught, too
                return True
        return False


class List:
    """The faults of one subject."""

    def __init__(self, file):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.name, self.subject = file.stem, module.SUBJECT
        self.faults = [Fault(*fault) for fault in module.FAULTS]
        self.objects = {}

    def misplaced(self):
        for fault in self.faults:
            if fault.file.startswith("include/") and not self.subject.own_tests:
                yield f"{self.told(fault)}: who includes it has to be compiled anew: expected own_tests of the SUBJECT"
            count = (SOURCE / self.subject.folder / fault.file).read_text(encoding="utf-8").count(fault.piece)
            if count != 1:
                yield f"{self.told(fault)}: the piece is there {count} times, expected once"

    def is_in_program(self, fault):
        """Whether the tests include what is broken."""
        return bool(self.subject.own_tests) and fault.file.endswith(".hpp")

    def told(self, fault):
        return f"{self.name}: {fault.file}: {fault.description}: {fault.test}"

    def make_sound(self, build, folder):
        """What faults are compared with; where even that fails, nothing is caught."""
        sound = Library(self.subject, build, folder)
        self.objects = sound.compiled(sound.sources())
        sound.link(self.objects)
        names = sound.test_names()
        for fault in self.faults:
            for test in fault.test.split(":"):
                # The conformance suite puts the engine before the name, and needs no filter to say so.
                if not any(fnmatch.fnmatchcase(name, each) for name in names for each in (test, f"*/{test}")):
                    raise SystemExit(f"run.py: {self.told(fault)}: there is no test {test}")
        # The suite is tried as a whole elsewhere; libraries with all that is named at once.
        tests = [fault.test for fault in self.faults]
        tests = tests[0] if self.subject.is_argument else ":".join(sorted(set(tests)))
        if sound.fails(tests):
            output = (sound.folder / "output").read_text(encoding="utf-8", errors="replace")
            raise SystemExit(f"{output}\nrun.py: {self.name}: {tests} fails without a planted fault")

    def plant(self, fault, build, folder):
        broken = Library(self.subject, build, folder)
        file = broken.folder / fault.file
        file.write_text(file.read_text(encoding="utf-8").replace(fault.piece, fault.instead), encoding="utf-8")
        # Of the others nothing is new, unless they include what is broken.
        changed = [file] if file.suffix == ".cpp" else broken.sources()
        broken.link(self.objects | broken.compiled(changed))
        if self.is_in_program(fault):
            broken.make_program()
        return broken

    def is_caught(self, fault, broken):
        begun = time.monotonic()
        caught = broken.fails(fault.test)
        taken = time.monotonic() - begun
        print(f"{'caught' if caught else 'MISSED'} {taken:5.1f} s  {self.told(fault)}", flush=True)
        return caught


def chosen_lists(name):
    lists = [List(file) for file in sorted(SOURCE.glob("tests/*/planted_faults/*.py"))]
    if name and name not in [each.name for each in lists]:
        sys.exit(f'run.py: no list is called "{name}"; expected one of: {", ".join(each.name for each in lists)}')
    return [each for each in lists if name in ("", each.name)]


def main():
    words = sys.argv[1:]
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
    # Also of those that cannot be tried here.
    misplaced = [told for each in lists for told in each.misplaced()]
    if misplaced:
        sys.exit("\n".join(["run.py: the lists have fallen behind the sources", *misplaced]))
    for each in [each for each in lists if not (build / each.subject.program).exists()]:
        print(f"left out: {each.name}, as {build / each.subject.program} is not there")
        lists.remove(each)
    os.environ.pop("POLLUX_BACKEND", None)
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for made in [pool.submit(each.make_sound, build, pathlib.Path(scratch) / each.name / "sound") for each in lists]:
            made.result()

        def tried(each, fault, number):
            broken = each.plant(fault, build, pathlib.Path(scratch) / each.name / str(number))
            return each.is_caught(fault, broken), each, fault, broken

        verdicts = [one.result() for one in [pool.submit(tried, each, fault, number) for each in lists
                    for number, fault in enumerate(each.faults)
                    if word in fault.description and third in (None, number % 3)]]  # fmt: skip
        missed = [again for caught, *again in verdicts if not caught]
        left = len([0 for each, *again in missed if not each.is_caught(*again)])
    print(f"{len(verdicts) - left} faults caught, {left} missed, in {time.monotonic() - begun:.0f} s")
    return 0 if verdicts and left == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
