# SPDX-License-Identifier: BSL-1.0
"""Checks that each relative link of a page in Markdown leads to a file or folder of the tree, and to a heading of it."""
import re
from posixpath import normpath

LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
OTHER_SITE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
FENCE = re.compile(r"\s*(```|~~~)")
CODE = re.compile(r"(`+)(?:(?!\1).|\n)+?\1(?!`)")


def blanked(found):
    return re.sub(r"[^\n]", " ", found[0])


def prose(lines):
    """The text without code, which may have brackets of its own; lines keep their places."""
    kept, fenced, before = [], False, ""
    for line in lines:
        fence = FENCE.match(line)
        # Indented code begins after an empty line; text that is indented after an item of a list is not code.
        indented = line.startswith("    ") and (before.strip() == "" or before.startswith("    "))
        kept.append("" if fence or fenced or indented else line)
        fenced ^= bool(fence)
        before = line
    return CODE.sub(blanked, "\n".join(kept))


def anchors(lines):
    """The names that GitHub gives to headings."""
    found = set()
    for line in lines:
        if heading := re.match(r"#{1,6} (.*)", line):
            name = re.sub(r"[^\w\- ]", "", heading[1].strip().lower()).replace(" ", "-")
            found.add(name)
    return found


def fault_of(tree, path, target):
    file, _, anchor = target.partition("#")
    place = normpath((path.parent / file).as_posix()) if file else path.as_posix()
    if place.startswith("../") or place.startswith("/") or not (tree.root / place).exists():
        return "leads to no file of the tree"
    if anchor and (not place.endswith(".md") or anchor not in anchors(tree.lines(place))):
        return f'{place} has no heading for "#{anchor}"'
    return None


def check(tree):
    faults = []
    for path in tree.files(".md"):
        text = prose(tree.lines(path))
        for found in LINK.finditer(text):
            if OTHER_SITE.match(found[1]):
                continue
            if fault := fault_of(tree, path, found[1]):
                faults.append(f"{path}:{text.count(chr(10), 0, found.start()) + 1}: ({found[1]}): {fault}")
    return faults
