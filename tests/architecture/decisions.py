# SPDX-License-Identifier: BSL-1.0
"""Checks that each decision record has a number of its own and a status, and generates docs/decisions/README.md from them.

decisions.py --write [root]   writes it
"""
import re
import sys

sys.dont_write_bytecode = True
from pathlib import Path
from typing import NamedTuple

from tree import Tree

FOLDER = Path("docs/decisions")
PAGE = FOLDER / "README.md"
MAKE = "python3 tests/architecture/decisions.py --write"
NAME = re.compile(r"(\d{4})-\S+\.md")
TITLE = re.compile(r"# (\d+)\. (\S.*)")
LINK = r"\[\d+\]\([^)\s]+\)"
STATUS = re.compile(rf"Status: (accepted|(?:superseded|changed) by {LINK}(?:, {LINK})*)")
EXPECTED = 'expected "Status: accepted", or "superseded by" or "changed by" and links: [30](0030-name.md), [44](0044-name.md)'
HEAD = f"""# Decisions

Each record has a question, the choice, and the alternatives that were rejected. A record keeps the words and the names
of its time, which [decision 40](0040-the-fields-language.md) lists; its status names the decisions that changed it
since. Numbers are not reused, and some were never given.

To add one: the next number, a title, an empty line and `Status: accepted`. If it changes an earlier one, change the
status of that one, and add a sentence below it. `{MAKE}` generates this page.

| number | decision | status |
|--:|---|---|
"""


class Record(NamedTuple):
    number: int
    file: str
    title: str
    status: str


def records(tree, faults):
    found = []
    for path in tree.files(".md", under=FOLDER):
        if path == PAGE or path.parent != FOLDER:
            continue
        lines = tree.lines(path)
        name, title = NAME.fullmatch(path.name), TITLE.fullmatch(lines[0] if lines else "")
        if not name or not title or int(name[1]) != int(title[1]):
            faults.append(f'{path}:1: expected the number of its file\'s name in its title: "# 7. Title" in 0007-name.md')
            continue
        status = STATUS.fullmatch(lines[2]) if len(lines) > 2 and lines[1] == "" else None
        if not status:
            faults.append(f"{path}:3: has no status below its title: {EXPECTED}")
        found.append(Record(int(name[1]), path.name, title[2], status[1] if status else ""))
    return found


def faults_of_status(record, files):
    """The links of a status have to lead to later records, by their numbers."""
    for number, target in re.findall(r"\[(\d+)\]\(([^)]+)\)", record.status):
        if int(number) <= record.number or files.get(int(number)) != target:
            yield f"{FOLDER / record.file}:3: [{number}]({target}) is no later decision: expected its number and its file"


def text(found):
    return HEAD + "".join(f"| {each.number} | [{each.title}]({each.file}) | {each.status} |\n" for each in found)


def check(tree):
    faults = []
    found = records(tree, faults)
    files = {}
    for record in found:
        if other := files.get(record.number):
            faults.append(f"{FOLDER / record.file}: has number {record.number}, as has {other}: expected one of its own")
        files.setdefault(record.number, record.file)
    for record in found:
        faults += faults_of_status(record, files)
    page = tree.root / PAGE
    if not faults and (not page.is_file() or page.read_text(encoding="utf-8") != text(found)):
        faults.append(f"{PAGE}: is stale: run {MAKE}")
    return faults


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1] != "--write":
        sys.exit(__doc__)
    root = Tree(sys.argv[2] if len(sys.argv) == 3 else Path(__file__).parents[2])
    (root.root / PAGE).write_text(text(records(root, [])), encoding="utf-8")
