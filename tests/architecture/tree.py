# SPDX-License-Identifier: BSL-1.0
"""The files of the repository, as the checks see them."""
import re
from pathlib import Path

NOT_OURS = {"build", "__pycache__"}


def is_public(header):
    return header.suffix == ".hpp" and re.search(r"(^|/)include/pollux/", header.as_posix()) is not None


class Tree:
    def __init__(self, root):
        self.root = Path(root).resolve()

    def files(self, *suffixes, under=""):
        """Paths relative to the root, sorted; all files without suffixes. What git, editors and builds leave is not ours."""
        found = []
        for path in (self.root / under).rglob("*"):
            parts = path.relative_to(self.root).parts
            hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
            if path.is_file() and not hidden and not NOT_OURS & set(parts[:-1]):
                if not suffixes or path.suffix in suffixes:
                    found.append(Path(*parts))
        return sorted(found)

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
