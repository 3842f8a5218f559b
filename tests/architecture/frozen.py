# SPDX-License-Identifier: BSL-1.0
"""Checks that the frozen headers in tests/loader/frozen are as they were when plugins were built with them.

frozen.py --freeze [root]   adds the sums of headers that are new; it replaces none
"""
import sys

sys.dont_write_bytecode = True
import hashlib
from pathlib import Path

from tree import Tree

SUMS = Path("tests/loader/frozen/SHA256SUMS")


def sum_of(tree, path):
    return hashlib.sha256((tree.root / path).read_bytes()).hexdigest()


def recorded(tree):
    """Returns the sum of each header: lines of sha256sum(1), with paths from the root."""
    if not (tree.root / SUMS).is_file():
        return {}
    return {Path(name): seen for seen, name in (line.split("  ", 1) for line in tree.lines(SUMS))}


def freeze(tree):
    sums = {path: sum_of(tree, path) for path in tree.frozen_headers()} | recorded(tree)
    (tree.root / SUMS).write_text("".join(f"{sums[path]}  {path.as_posix()}\n" for path in sorted(sums)))


def check(tree):
    faults = []
    sums = recorded(tree)
    headers = tree.frozen_headers()
    if not headers:
        faults.append(f"{SUMS.parent}: has no frozen headers")
    for path in sorted(set(sums) - set(headers)):
        faults.append(f"{path}: is in {SUMS.name}, and does not exist: a frozen header stays")
    for path in headers:
        if path not in sums:
            faults.append(f"{path}: is not in {SUMS.name}: run python3 tests/architecture/frozen.py --freeze")
        elif sum_of(tree, path) != sums[path]:
            faults.append(f"{path}: was changed: a frozen header is never edited")
    return faults


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1] != "--freeze":
        sys.exit(__doc__)
    freeze(Tree(sys.argv[2] if len(sys.argv) == 3 else "."))
