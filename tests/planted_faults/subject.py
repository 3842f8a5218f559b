# SPDX-License-Identifier: BSL-1.0
"""What faults are planted in: sources that are made a shared library, and a program of tests that is run with it."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Subject:
    folder: str  # of the repository: copied, and each copy is broken
    library: str  # what is made of it
    program: str  # of the build folder; without it the list is left out
    sources: tuple = ("src/*.cpp",)  # those of the other system, *_windows.cpp, are never among them
    flags: tuple = ()  # further ones to compile with, in which {source} is the repository
    links: tuple = ()  # and to link with, in which {build} is the build folder
    compiler: str = "c++"
    runner: tuple = ()  # what starts the program
    is_argument: bool = False  # the program is given the library; else it is found in place of its own
    attempts: int = 1  # runs, in one of which the test has to fail
    patience: int = 60  # seconds; who never ends is caught by that
    own_tests: tuple = ()  # sources of the program, for faults of headers, which it is made of, too


def engine(name, **others):
    """One of plugins/, which the conformance suite is tried on. A race that takes 10 ns is not met in each run of a rule,
    in five it is; a rule that hangs ends by itself."""
    facts = {"library": f"libpollux-{name}.so", "program": "bin/pollux-conformance", "sources": ("*.cpp",),
             "is_argument": True, "attempts": 5, "patience": 600}  # fmt: skip
    return Subject(folder=f"plugins/{name}", **(facts | others))


def library(name, program, **others):
    """One of the libraries, and its own tests, which were linked with the sound one. It may need the core."""
    file = f"libpollux-{name}.so.0.1"
    links = (f"-Wl,-soname,{file}", "-Wl,-rpath,{build}/lib", "-L{build}/lib", "-lpollux")
    return Subject(folder=name, library=file, program=program, links=links, **others)
