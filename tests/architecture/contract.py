# SPDX-License-Identifier: BSL-1.0
"""Generates docs/contract.md from the labels in the public headers and the sentence above each RULE().

contract.py --write [root]   writes it
"""
import sys

sys.dont_write_bytecode = True
from pathlib import Path

import rules
from tree import Tree

PAGE = Path("docs/contract.md")
MAKE = "python3 tests/architecture/contract.py --write"
HEAD = f"""# The contract: one row, one rule, one test

Each row is a promise of the public headers, which have its label in brackets, and one test,
`RULE(subject, behaviour)`. `{MAKE}` generates this page from both: change them instead.
"""


def link(path):
    return f"[{Path(path).name}](../{path})"


def text(tree):
    promised, tested = rules.labels(tree), rules.tests(tree)
    page = HEAD
    subject = None
    for label in sorted(promised.keys() | tested.keys()):
        if label.split(".")[0] != subject:
            subject = label.split(".")[0]
            page += f"\n## {subject}\n\n| rule | what must hold | promised in | tested in |\n|---|---|---|---|\n"
        seen = tested.get(label, [])
        sentence = seen[0].sentence.replace("|", "\\|") if seen else ""
        headers = ", ".join(map(link, promised.get(label, [])))
        files = ", ".join(link(test.file) for test in seen)
        page += f"| {label} | {sentence} | {headers} | {files} |\n"
    return page


def write(tree):
    (tree.root / PAGE).parent.mkdir(exist_ok=True)
    (tree.root / PAGE).write_text(text(tree), encoding="utf-8")


def check(tree):
    page = tree.root / PAGE
    if not page.is_file():
        return [f"{PAGE}: does not exist: run {MAKE}"]
    expected, seen = text(tree).splitlines(), page.read_text(encoding="utf-8").splitlines()
    if expected == seen:
        return []
    different = sorted(set(expected) ^ set(seen), key=lambda line: (not line.startswith("| "), line))
    return [f"{PAGE}: is stale: run {MAKE}; the first difference: {different[0] if different else 'its order'}"]


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1] != "--write":
        sys.exit(__doc__)
    write(Tree(sys.argv[2] if len(sys.argv) == 3 else Path(__file__).parents[2]))
