# SPDX-License-Identifier: BSL-1.0
"""Compares the labels in the public headers with the RULE()s in the tests: one rule, one test."""
import re
from typing import NamedTuple

LABEL = re.compile(r"\[([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)\]")
TEST = re.compile(r"RULE\((\w+),\s*(\w+)(?:,\s*([^)]*))?\)")
LEVEL = re.compile(r"\.level = Level::(must|should|recorded)\b")
COMMENT = re.compile(r"\s*///? ?(.*)")


class Test(NamedTuple):
    place: str  # file:line
    file: str
    sentence: str
    level: str = "must"


def labels(tree):
    """Returns each label in comments of the public headers, with its headers in order."""
    found = {}
    for path in tree.public_headers():
        for line in tree.lines(path):
            comment = line.partition("//")[2]
            for label in LABEL.findall(comment):
                headers = found.setdefault(label, [])
                if path.as_posix() not in headers:
                    headers.append(path.as_posix())
    return found


def tests(tree):
    """Returns each tested rule with all its tests."""
    found = {}
    for path in tree.files(".cpp", under="tests"):
        comment = []
        for number, line in enumerate(tree.lines(path), 1):
            match = TEST.match(line)
            if match:
                level = LEVEL.search(match[3] or "")
                test = Test(f"{path}:{number}", path.as_posix(), " ".join(comment), level[1] if level else "must")
                found.setdefault(f"{match[1]}.{match[2]}", []).append(test)
            words = COMMENT.fullmatch(line)
            comment = comment + [words[1].strip()] if words else []
    return found


def check(tree):
    faults = []
    promised, tested = labels(tree), tests(tree)
    for label, headers in sorted(promised.items()):
        if label not in tested:
            faults.append(f"[{label}] of {', '.join(headers)} has no RULE({label.replace('.', ', ')}) in tests/")
    for label, places in sorted(tested.items()):
        if label not in promised:
            faults.append(f"{places[0].place}: [{label}] is in no public header")
        if len(places) > 1:
            faults.append(f"[{label}] is tested more than once: {', '.join(test.place for test in places)}")
        for test in places:
            if not test.sentence:
                faults.append(f"{test.place}: [{label}] has no sentence above it")
    return faults
