# SPDX-License-Identifier: BSL-1.0
"""Lists and reads the files of the repository for the checks."""
import os
import re
from pathlib import Path

NOT_OURS = {"build", "__pycache__"}
# Copies of public headers, one folder for each version of the plugin interface, which are never edited: frozen.py.
FROZEN = re.compile(r"tests/loader/frozen/\d+/pollux/")


def is_public(header):
    return header.suffix == ".hpp" and re.search(r"(^|/)include/pollux/", header.as_posix()) is not None


class Tree:
    def __init__(self, root):
        self.root = Path(root).resolve()

    def files(self, *suffixes, under=""):
        """Paths relative to the root, sorted; all files without suffixes. Files of git, editors and
        builds are excluded, and frozen headers, which no rule of today may change."""
        found = []
        for folder, folders, files in os.walk(self.root / under):
            # Not entered: a build has more files than the project, including thousands of Wine.
            folders[:] = [name for name in folders if name not in NOT_OURS and (name[0] != "." or name == ".ci")]
            place = Path(folder).relative_to(self.root)
            if FROZEN.match(place.as_posix() + "/"):
                continue
            found += [place / name for name in files if not suffixes or name.endswith(suffixes)]
        return sorted(found)

    def frozen_headers(self):
        folders = sorted((self.root / "tests/loader/frozen").glob("*/pollux"))
        return [path.relative_to(self.root) for folder in folders for path in sorted(folder.glob("*.hpp"))]

    def lines(self, path):
        return (self.root / path).read_text(encoding="utf-8").splitlines()

    def public_headers(self):
        return [path for path in self.files(".hpp") if is_public(path)]

    def includes(self, path):
        """(line number, "<" or '"', name) of each #include."""
        for number, line in enumerate(self.lines(path), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match:
                yield number, match[1], match[2]
