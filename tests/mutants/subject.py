# SPDX-License-Identifier: BSL-1.0
"""A Subject describes what mutants are made of: the sources of a shared library, and the program of tests that loads it."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Subject:
    folder: str  # of the repository, copied for each mutant
    library: str  # the file that is built from the copy
    program: str  # relative to the build folder; if it was not built, the list is skipped
    sources: tuple = ("src/*.cpp",)  # *_windows.cpp are left out
    flags: tuple = ()  # further flags of the compiler; {source} is the repository
    links: tuple = ()  # and of the linker; {build} is the build folder
    compiler: str = "c++"
    runner: tuple = ()  # the command that starts the program
    is_argument: bool = False  # the program takes the library as an argument; otherwise the loader finds it first
    stack: str = "{}"  # the argument, for a layer with the backend that it is around
    attempts: int = 1  # a mutant is killed if the test fails in one of this number of runs
    patience: int = 60  # seconds, after which a program that still runs counts as failed
    own_tests: tuple = ()  # sources of the program, which mutants of headers compile again
    generated: tuple = ()  # sources in the build folder that include headers of `folder`, which mutants compile again
    is_static: bool = False  # the library is part of the program, so that each mutant makes that again
    headers: tuple = ()  # public headers that own_tests test, for mechanical.py
    others: tuple = ()  # further programs that load the library, for mechanical.py
    commands: tuple = ()  # further commands that load it, with {library}, its {folder}, {build} and {source}, for mechanical.py


def failing_calls(workloads, backend="{library}"):
    """The commands that make each call of these workloads fail."""
    return tuple(("{build}/tests/failing_calls/pollux-failing-calls", workload, backend, what)
                 for workload in workloads for what in ("allocations", "calls"))  # fmt: skip


def other_tests(name):
    """The commands of all other tests of a backend of Linux."""
    folder = ("env", "PLUGINS_OF_TESTS={folder}", "POLLUX_PLUGIN_PATH={folder}:{build}/tests/kqueue_on_linux/darwin")
    programs = tuple((*folder, "{build}/tests/" + program, f"--gtest_filter=*/{name}", "--gtest_throw_on_failure")
                     for program in ("loop/pollux-loop-tests", "net/pollux-net-tests", "museum/pollux-museum"))  # fmt: skip
    page = (*folder, "python3", "{source}/tests/tools/backends_pages.py", "--elsewhere", "iocp", "check", "{build}/bin/pollux")
    return (page, *programs, *failing_calls(("look", "poll", "loop")))


def backend(name, **others):
    """A plugin of plugins/, tested by the conformance suite. A race of 10 ns does not show in each run of a rule, but in
    one of five; the suite's watchdog ends a rule that hangs."""
    facts = {"library": f"libpollux-{name}.so", "program": "bin/pollux-conformance", "sources": ("*.cpp",),
             "is_argument": True, "attempts": 5, "patience": 600}  # fmt: skip
    return Subject(folder=f"plugins/{name}", **(facts | others))


def layer(name, around, options="", **others):
    """A layer of layers/, around a backend."""
    return dataclasses.replace(backend(name, **others), folder=f"layers/{name}", stack=f"{{}}{options}+{around}")


def library(name, program, **others):
    """A library, tested by its own tests, which were linked with the original. It may need the core."""
    file = f"libpollux-{name}.so.0.1"
    links = (f"-Wl,-soname,{file}", "-Wl,-rpath,{build}/lib", "-L{build}/lib", "-lpollux", "-L{build}/time", "-lpollux-time")
    return Subject(folder=name, library=file, program=program, links=links, **others)
