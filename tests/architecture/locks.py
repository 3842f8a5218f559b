# SPDX-License-Identifier: BSL-1.0
"""Checks that what a mutex guards is read and written with the mutex locked, as the annotations of pollux/mutex.hpp state.

clang analyses each source of the libraries and plugins (-Wthread-safety). It knows annotated mutexes only, so those of the
standard library are used in pollux/mutex.hpp alone.
"""
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import throwing

FOLDERS = ("core", "loop", "notify", "net", "time", "plugins", "layers")
SOURCES = re.compile(r"(core|loop|net|notify|time)/src/[^/]+\.cpp|(plugins|layers)/\w+/[^/]+\.cpp")
MUTEX = "core/include/pollux/mutex.hpp"
OF_STANDARD_LIBRARY = re.compile(r"\bstd::((?:recursive_|shared_)?(?:timed_)?mutex|(?:lock_guard|unique_lock|scoped_lock|shared_lock))\b")
# Whatever else the project asks for, GCC has reported or clang-tidy does.
OPTIONS = ["-fsyntax-only", "-Wno-everything", "-Wthread-safety", "-Wthread-safety-beta", "-Werror=thread-safety",
           "-Werror=thread-safety-beta", "-fno-color-diagnostics", "-fno-caret-diagnostics"]  # fmt: skip
FAULT = re.compile(r"(.+?):(\d+):\d+: (?:fatal )?error: (.+)")

# The iocp backend is in no compile_commands.json of Linux; clang reads it with the headers of mingw.
WINDOWS = "plugins/iocp/iocp.cpp"
MINGW = "x86_64-w64-mingw32-g++-posix"


def faults_of_names(tree):
    """The mutexes of the standard library, which clang does not know."""
    for path in tree.files(".cpp", ".hpp"):
        if path.parts[0] in FOLDERS and path.as_posix() != MUTEX:
            for number, line in enumerate(tree.lines(path), 1):
                if found := OF_STANDARD_LIBRARY.search(line.partition("//")[0]):
                    yield f"{path}:{number}: {found[0]} is not analysed: expected Mutex and MutexLock of pollux/mutex.hpp"


def analysed(clang, command, root):
    path, folder, arguments = command
    arguments = [each for each in arguments if each != "-Werror" and not each.startswith("-W")]
    result = subprocess.run([clang, *arguments, *OPTIONS], cwd=folder, capture_output=True, text=True)
    faults = []
    for file, number, text in FAULT.findall(result.stderr):
        place = os.path.relpath(Path(folder, file), root)
        faults.append(f"{place}:{number}: {text.partition(' [-W')[0]}")
    if result.returncode != 0 and not faults:
        faults.append(f"{path}: {clang} fails: {result.stderr}")
    return faults


def for_windows(clang, root):
    """How clang reads the iocp backend; none if there is no mingw."""
    try:
        answer = subprocess.run([MINGW, "-E", "-x", "c++", "-v", os.devnull], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        return []
    listed = re.search(r"#include <...> search starts here:\n(.*?)End of search list", answer.stderr, re.DOTALL)
    folders = [os.path.normpath(line.strip()) for line in listed[1].splitlines()]
    # Those of GCC's own headers, of which clang has its own.
    folders = [folder for folder in folders if "c++" in folder or "include-fixed" not in folder and "/gcc/" not in folder]
    includes = [argument for folder in folders for argument in ("-isystem", folder)]
    return [(WINDOWS, str(root), ["--target=x86_64-w64-windows-gnu", "-std=c++20", "-nostdinc++", *includes,
                                  f"-I{root}/core/include", f"-I{root}/time/include", str(root / WINDOWS)])]  # fmt: skip


def check(tree, clang, build):
    root = tree.root.resolve()
    chosen = throwing.commands(build, root, SOURCES)
    faults = [f"{build}: compiles no source of {folder}/" for folder in FOLDERS
              if folder not in {path.partition("/")[0] for path, _, _ in chosen}]  # fmt: skip
    if (root / WINDOWS).exists():
        chosen += for_windows(clang, root)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = threads.map(lambda command: analysed(clang, command, root), chosen)
        return [*faults, *faults_of_names(tree), *sorted({fault for faults in found for fault in faults})]
