# SPDX-License-Identifier: BSL-1.0
"""Checks the style rules: licence line, names, length, headers that may not be included, and errors that may be ignored."""
import re

from tree import is_public

LICENCE = "SPDX-License-Identifier: BSL-1.0"
SOURCES = (".cpp", ".hpp", ".c", ".h", ".rs", ".cmake", ".py", ".sh")
IN_SLASHES = "// " + LICENCE
# The first line, of each language; "# " and the licence in other files.
FIRST_LINES = {".cpp": [IN_SLASHES], ".hpp": [IN_SLASHES], ".c": [IN_SLASHES], ".rs": [IN_SLASHES],
               ".h": [f"/* {LICENCE} */", IN_SLASHES]}  # fmt: skip
WITH_LENGTH = (".cpp", ".hpp", ".c", ".h", ".rs")
SCRIPT = re.compile(r"#!.*\b(sh|bash|python3?)\b")
NO_NAMES = {"util", "utils", "common", "detail", "details", "impl", "misc", "helper", "helpers"}
# docs/platforms.md: they use std::atomic::wait, which loses wake-ups where libstdc++ 12 has no futex.
NO_HEADERS = re.compile(r"\s*#\s*include\s*<(barrier|latch|semaphore)>")
# A declaration that returns an error: one that returns a reference is of an error that was stored.
RETURNS_ERROR = re.compile(r"((?:[\w\[\]]+ )*)std::error_code (?:operator\s*\(\)|\w+)\(")
MOST_LINES = 350
MOST_LINES_OF = {"plugins/iocp/": 600}


def first_line(tree, path):
    try:
        with open(tree.root / path, encoding="utf-8") as file:
            return file.readline().rstrip("\n")
    except UnicodeDecodeError:
        return ""


def fault_of_licence(tree, path):
    is_script = bool(SCRIPT.match(first_line(tree, path)))
    if path.suffix not in SOURCES and path.name != "CMakeLists.txt" and not is_script:
        return None
    licences = FIRST_LINES.get(path.suffix, ["# " + LICENCE])
    lines = tree.lines(path)
    place = 1 if is_script else 0
    if len(lines) <= place or lines[place] not in licences:
        return f'{path}:{place + 1}: expected "{licences[0]}"'
    if sum(line in licences for line in lines) != 1:
        return f"{path}: has more than one licence line"
    return None


def fault_of_name(path):
    for part in path.parts:
        if part.split(".")[0] in NO_NAMES:
            return f'{path}: "{part}" names nothing: expected the name of the one thing in it'
    return None


def fault_of_length(tree, path):
    if path.suffix not in WITH_LENGTH:
        return None
    most = next((lines for folder, lines in MOST_LINES_OF.items() if path.as_posix().startswith(folder)), MOST_LINES)
    length = len(tree.lines(path))
    return f"{path}: has {length} lines: expected {most} at most" if length > most else None


def faults_of_headers(tree, path):
    if path.suffix not in (".cpp", ".hpp"):
        return
    for number, line in enumerate(tree.lines(path), 1):
        if found := NO_HEADERS.match(line):
            yield f"{path}:{number}: <{found[1]}> loses wake-ups under Windows: expected a mutex or a plain atomic"


def faults_of_errors(tree, path):
    if not is_public(path):
        return
    for number, line in enumerate(tree.lines(path), 1):
        found = RETURNS_ERROR.match(line.strip())
        if found and "[[nodiscard]]" not in found[1] and "return " not in found[1]:
            yield f"{path}:{number}: an error that callers may ignore: expected [[nodiscard]]"


def check(tree):
    faults = []
    for path in tree.files():
        faults += faults_of_headers(tree, path)
        faults += faults_of_errors(tree, path)
        faults += filter(None, [fault_of_licence(tree, path), fault_of_name(path), fault_of_length(tree, path)])
    return faults
