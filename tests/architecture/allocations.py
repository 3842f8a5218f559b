# SPDX-License-Identifier: BSL-1.0
"""Checks that no function of the standard library is called that allocates below noexcept: docs/decisions/0023, which has what was measured."""
import re

FORBIDDEN = {
    re.compile(r"\bdirectory_iterator\b"): "directory_iterator",
    re.compile(r"\brecursive_directory_iterator\b"): "recursive_directory_iterator",
    re.compile(r"\bremove_all\s*\("): "remove_all",
    re.compile(r"\bweakly_canonical\s*\("): "weakly_canonical",
}
# Where std::terminate() without memory does no harm.
FREE = ("tests/", "bench/")


def check(tree):
    faults = []
    for path in tree.files(".cpp", ".hpp", ".cpp.in"):
        if path.as_posix().startswith(FREE):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            code = line.partition("//")[0]
            for spelling, name in FORBIDDEN.items():
                if spelling.search(code):
                    faults.append(f"{path}:{number}: {name} allocates below noexcept: expected list_folder(), or another way")
    return faults
