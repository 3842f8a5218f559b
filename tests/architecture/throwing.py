# SPDX-License-Identifier: BSL-1.0
"""Checks that nothing which may throw is called below noexcept.

clang compiles each source to LLVM's IR, where a call that may throw has an edge to the code that handles its exception:
an exception that cannot leave a function goes to std::terminate(). This reads which functions may throw what, beginning
with operator new, throw expressions, indirect calls, and the functions of other libraries that are not noexcept, and
reports each such edge that an exception may take. The same for exceptions that C has no way to pass on (functions with C
linkage, and those that are passed to C functions) and that of objects which are initialized before main().
"""
import json
import os
import re
import shlex
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import ir

# One source instantiates the templates of all public headers, which are included before it. It is compiled a second time
# with every inline function, even those that it does not call; of the standard library's functions, only those that are
# called matter.
EVERY_INLINE = "-femit-all-decls"
HEADERS = "tests/architecture/headers.cpp"
SOURCES = re.compile(r"(core|time|loop|net|notify)/src/[^/]+\.cpp|plugins/\w+/\w+\.cpp|examples/tiny_plugin/\w+\.cpp|" + HEADERS)
PUBLIC = re.compile(r"(core|time|loop|net|notify)/include/(pollux/.+\.hpp)")

INDIRECT = "an indirect call"
BAD_ALLOC, LENGTH_ERROR, EXCEPTION = "_ZTISt9bad_alloc", "_ZTISt12length_error", "_ZTISt9exception"
# What functions of the standard library throw; those that are not listed may throw anything.
TYPES = {
    "_Znwm": BAD_ALLOC, "_Znam": BAD_ALLOC, "_ZnwmSt11align_val_t": BAD_ALLOC, "_ZnamSt11align_val_t": BAD_ALLOC,
    "_ZSt17__throw_bad_allocv": BAD_ALLOC, "_ZSt28__throw_bad_array_new_lengthv": BAD_ALLOC,
    "__cxa_throw_bad_array_new_length": BAD_ALLOC, "_ZSt20__throw_length_errorPKc": LENGTH_ERROR,
}  # fmt: skip
BASES = {BAD_ALLOC: {EXCEPTION}, LENGTH_ERROR: {EXCEPTION, "_ZTISt11logic_error"}}


class Harmless(NamedTuple):
    """A function that never throws here, although neither its declaration nor its code states it."""

    name: str  # a regular expression for all of the demangled name
    reason: str


HARMLESS = [
    Harmless(r"std::mutex::lock\(\)",
             "pthread_mutex_lock(3) returns errors for mutexes of other kinds only: recursive, robust, error-checking, or of"
             " a protocol; this one is PTHREAD_MUTEX_INITIALIZER, which allocates nothing at its first use either"),
    Harmless(r"std::unique_lock<std::mutex>::unlock\(\)",
             "throws if there is no mutex, or if it is not locked; pollux/mutex.hpp, which alone uses it, as the check \"locks\""
             " finds, makes it of a mutex that is locked, and releases it"),
    Harmless(r"std::condition_variable::wait\(std::unique_lock<std::mutex>&\)",
             "throws nothing, since C++14; the declaration of libstdc++ 12 has no noexcept. Its initializer is a constant"),
    Harmless(r"std::filesystem::__cxx11::path::(_List::_List|_M_split_cmpts)\(\)",
             "noexcept in libstdc++ for an empty path, whose list of components is none"),
    Harmless(r"std::_Hash_bytes\(.*\)", "only computes"),
    Harmless(r"boost::asio::detail::scheduler::(stop_all_threads|wake_one_thread_and_unlock)\(.*\)",
             "calls interrupt() of Asio's reactor, which writes to an eventfd(2) or pipe(2) and ignores its errors"),
    Harmless(r"boost::asio::detail::scheduler_operation::destroy\(\)",
             "destroys a completion handler: those of plugins/asio hold numbers and pointers"),
    Harmless(r"boost::asio::detail::service_registry::shutdown_services\(\)",
             "calls shutdown() of Asio's own services, which are made for destructors"),
]  # fmt: skip


class Allowed(NamedTuple):
    """A place below noexcept where an exception can be thrown by what the compiler knows, but is not."""

    place: str  # a regular expression for all of the demangled name
    thrown: str  # the same, of what throws
    reason: str


ALLOWED = [
    Allowed(r"boost::.*|boost_asio_detail_posix_thread_function", INDIRECT,
            "Boost's tables of functions, behind a noexcept of Boost; without memory: pollux-failing-calls"),
    Allowed(r"boost::system::detail::std_category::.*", r"operator new.*|std::.*",
            "Boost.System 1.74 makes a category of the standard library for each of its own at the first conversion"),
    Allowed(r"std::__cxx11::to_string\((int|unsigned int)\)", r"operator new.*|std::__throw_.*",
            "at most 11 characters, for which std::string allocates nothing"),
    Allowed(r"std::_Function_base::~_Function_base\(\)|std::function<.*>::operator=\(decltype\(nullptr\)\)", INDIRECT, "destroys a callable, and destructors are noexcept"),
    Allowed(r"pollux::net::(Address::parse|\(anonymous namespace\)::parse_ipv6)\(.*\)", r"std::__throw_out_of_range_fmt\(.*\)",
            "a substring from behind a character that was found"),
]  # fmt: skip

# substr(0, ...) and copy(..., 0) of a std::string_view do not throw.
AT_ZERO = {
    "_ZNKSt17basic_string_viewIcSt11char_traitsIcEE6substrEmm": re.compile(r", i64 noundef 0, i64 noundef [^,]+$"),
    "_ZNKSt17basic_string_viewIcSt11char_traitsIcEE4copyEPcmm": re.compile(r", i64 noundef 0$"),
}

# A lambda that is passed as a pointer to a function is converted by a call before.
TO_POINTER = "cvPF"
POINTER = re.compile(r"(\)\*|\bptr) noundef %")


def is_c(symbol):
    """Whether a symbol is that of a C function: these throw nothing. Threads are not cancelled: docs/decisions/0038."""
    return symbol != "" and not symbol.startswith(("_Z", "__cxa_throw", "__cxa_bad_"))


class Program:
    """All functions that were compiled, and what each may throw."""

    def __init__(self, modules):
        self.aliases = {}
        self.functions = {}
        for module in modules:
            self.aliases.update(module.aliases)
            for function in module.functions:
                key = (function.unit, function.name) if function.is_internal else ("", function.name)
                self.functions.setdefault(key, function)
        self.names = self.demangled()
        self.pads = {}
        # For each function what it may throw: the symbol of what throws, or the type of a throw expression; and by a call of
        # which function where.
        self.thrown = {key: {} for key in self.functions}
        self.harmless = re.compile("|".join(each.name for each in HARMLESS))
        while any([self.propagate(key, function) for key, function in self.functions.items()]):
            pass

    def demangled(self):
        symbols = {name for _, name in self.functions} | set(TYPES) | {EXCEPTION}
        for function in self.functions.values():
            for call in function.calls:
                symbols.update((self.aliases.get(call.callee, call.callee), call.thrown))
        symbols = sorted(symbols - {""})
        answer = subprocess.run(["c++filt"], input="\n".join(symbols), capture_output=True, text=True, check=True)
        return dict(zip(symbols, answer.stdout.splitlines()))

    def key_of(self, symbol, unit):
        name = self.aliases.get(symbol, symbol)
        return next((key for key in ((unit, name), ("", name)) if key in self.functions), None)

    def thrown_by(self, call, unit):
        """What a call may throw, and through which function."""
        if call.is_nounwind:
            return {}
        if call.callee == "":
            return {INDIRECT: None}
        name = self.aliases.get(call.callee, call.callee)
        if call.callee == "__cxa_throw":
            return {call.thrown: None}
        if self.harmless.fullmatch(self.names[name]) or (name in AT_ZERO and AT_ZERO[name].search(call.arguments)):
            return {}
        key = self.key_of(name, unit)
        if key:
            return dict.fromkeys(self.thrown[key], key)
        return {} if is_c(name) else {name: None}

    def unwinding(self, function, call):
        """Whether an exception of a call leaves its function, whether it terminates, and the types that are caught for good."""
        if not call.pad:
            return not function.is_nounwind, function.is_nounwind, set()
        key = (id(function), call.pad)
        if key not in self.pads:
            blocks = function.unwinding(call.pad)
            caught = set() if any(block.rethrows for block in blocks) else set(function.blocks[call.pad].catches)
            self.pads[key] = (any(block.resumes for block in blocks), any(block.terminates for block in blocks), caught)
        return self.pads[key]

    @staticmethod
    def is_caught(thrown, types):
        thrown = TYPES.get(thrown, thrown)
        return thrown in types or not types.isdisjoint(BASES.get(thrown, ()))

    def propagate(self, key, function):
        """Adds what the calls of a function throw; returns whether that is more than before."""
        before = len(self.thrown[key])
        for call in function.calls:
            for thrown, through in self.thrown_by(call, function.unit).items():
                leaves, _, types = self.unwinding(function, call)
                if leaves and not function.is_nounwind and not self.is_caught(thrown, types):
                    self.thrown[key].setdefault(thrown, (through, call.location))
        return len(self.thrown[key]) != before

    def path(self, thrown, through):
        """The functions from a call to what throws."""
        names = []
        while through:
            names.append(self.names[through[1]])
            through, _ = self.thrown[through][thrown]
        return [*names, self.name_of(thrown)]

    def name_of(self, thrown):
        name = self.names.get(thrown, thrown)
        return name.replace("typeinfo for", "throw") if name else "throw"

    def faults(self):
        """For each place that may terminate: unit, file and line, its function, why, and the path to what throws."""
        for key, function in self.functions.items():
            for fault in self.faults_in(key, function):
                yield function.unit, *fault

    def faults_in(self, key, function):
        name = self.names[function.name]
        lambdas = []
        for call in function.calls:
            conversion = self.key_of(call.callee, function.unit) if TO_POINTER in call.callee else None
            lambdas += self.functions[conversion].returned if conversion else []
        for call in function.calls:
            for thrown, through in self.thrown_by(call, function.unit).items():
                _, terminates, types = self.unwinding(function, call)
                if terminates and not self.is_caught(thrown, types):
                    yield call.location, name, "below noexcept", self.path(thrown, through)
            if is_c(call.callee):
                for symbol in call.passed + (lambdas if POINTER.search(call.arguments) else []):
                    callback = self.key_of(symbol, function.unit)
                    for thrown in self.thrown.get(callback, ()):
                        yield call.location, name, f"in a callback of {call.callee}()", self.path(thrown, callback)
        # The other functions that run before main() only call those of the objects.
        if is_c(function.name) and not function.name.startswith("_GLOBAL__"):
            place = "before main()" if function.is_startup else "in a function with C linkage"
            for thrown, (through, location) in self.thrown[key].items():
                yield location, name, place, self.path(thrown, through)


def shortened(name):
    """A demangled name without what the standard library adds."""
    name = name.replace("std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string")
    name = name.replace("std::basic_string_view<char, std::char_traits<char> >", "std::string_view")
    return name if len(name) <= 160 else name[:157] + "..."


def commands(build, root, wanted=SOURCES):
    """For each source that is wanted: its path, folder, and the arguments of its compiler."""
    file = Path(build) / "compile_commands.json"
    chosen = {}
    for entry in json.loads(file.read_text(encoding="utf-8")):
        path = os.path.relpath(entry["file"], root)
        if wanted.fullmatch(path) and path not in chosen:
            arguments = shlex.split(entry["command"])
            first = next(i for i, each in enumerate(arguments) if each.startswith("-"))
            output = arguments.index("-o")
            arguments[output : output + 2] = []
            arguments.remove("-c")
            chosen[path] = (path, entry["directory"], arguments[first:])
    return list(chosen.values())


def compile_to_ir(clang, command):
    path, folder, arguments = command
    with tempfile.TemporaryDirectory() as results:
        result = Path(results) / "module.ll"
        # Without optimization nothing that throws is optimized away, either.
        options = ["-S", "-emit-llvm", "-O0", "-g1", "-w", "-o", result]
        subprocess.run([clang, *arguments, *options], cwd=folder, check=True)
        return ir.read(result.read_text(encoding="utf-8"), path + EVERY_INLINE if EVERY_INLINE in arguments else path)


def compiled(clang, chosen):
    chosen = chosen + [(path, folder, [*arguments, EVERY_INLINE]) for path, folder, arguments in chosen if path == HEADERS]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return Program(list(threads.map(lambda command: compile_to_ir(clang, command), chosen)))


def described(program, root):
    allowed = [(re.compile(each.place), re.compile(each.thrown)) for each in ALLOWED]
    faults = {}  # without duplicates: a path for each pair of a place and what throws there
    for unit, (file, line), name, place, path in program.faults():
        if not any(where.fullmatch(name) and what.fullmatch(path[-1]) for where, what in allowed):
            if file.startswith(str(root)):
                file = os.path.relpath(file, root)
            elif unit.endswith(EVERY_INLINE):
                continue
            text = f"{file}:{line}: {shortened(name)}: may throw {place}: {' calls '.join(map(shortened, path))}"
            faults.setdefault((file, line, name, path[-1]), text)
    return sorted(faults.values())


def check(tree, clang, build):
    root = tree.root.resolve()
    chosen = commands(build, root)
    folders = {path.partition("/")[0] for path, _, _ in chosen}
    faults = [f"{build}: compiles no source of {folder}/" for folder in ("core", "time", "loop", "net", "notify", "plugins", "tests")
              if folder not in folders]  # fmt: skip
    headers = filter(None, (PUBLIC.fullmatch(path.as_posix()) for path in tree.files(".hpp")))
    included = [argument for header in headers for argument in ("-include", header.group(2))]
    program = compiled(clang, [(path, folder, [*arguments, *(included if path == HEADERS else [])])
                               for path, folder, arguments in chosen])  # fmt: skip
    for each in ALLOWED:
        if "pollux" in each.place and not any(re.fullmatch(each.place, name) for name in program.names.values()):
            faults.append(f"tests/architecture/throwing.py: no function is called {each.place}, which ALLOWED lists")
    return faults + described(program, root)
