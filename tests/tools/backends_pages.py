# SPDX-License-Identifier: BSL-1.0
"""Compares the tables of README.md and docs/backends.md with the output of `pollux list --markdown`, or rewrites them.

    backends_pages.py [--elsewhere NAME]... check COMMAND [ARGUMENT]...
    backends_pages.py write COMMAND [ARGUMENT]...

COMMAND is the pollux command of one system, which lists only backends that this system can load. So `write` replaces
the lines of these backends, and `check` fails if they differ or if the pages have others than those named elsewhere.
"""
import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
README, PAGE = ROOT / "README.md", ROOT / "docs" / "backends.md"
BEGIN, END = "<!-- pollux list --markdown -->\n", "<!-- end -->\n"


def name_of(line):
    return line.removeprefix("- ").split(":")[0] if line.startswith("- ") else line.strip("| ").split(" | ")[0]


class Listing:
    """A Listing has the head of the table, its rows, and a sentence for each limit, sorted by name."""

    def __init__(self, text):
        lines = text.splitlines()
        self.head = [line for line in lines if line.startswith("|")][:2]
        self.rows = {name_of(line): line for line in lines if line.startswith("|") and line not in self.head}
        self.limits = {name: [line for line in lines if line.startswith("- ") and name_of(line) == name]
                       for name in self.rows}

    def replace(self, other):
        self.head = other.head
        self.rows |= other.rows
        self.limits |= other.limits

    def text(self, with_limits):
        lines = self.head + [self.rows[name] for name in sorted(self.rows)]
        if with_limits:
            lines += [""] + [line for name in sorted(self.limits) for line in self.limits[name]]
        return "\n".join(lines) + "\n"


def parts(page):
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"{page}: expected once the lines {BEGIN!r} and {END!r}")
    before, rest = text.split(BEGIN)
    listing, after = rest.split(END)
    return before + BEGIN, listing, END + after


def list_of(command):
    run = subprocess.run([*command, "list", "--markdown"], stdout=subprocess.PIPE, check=True, text=True, timeout=120)
    return Listing(run.stdout.replace("\r\n", "\n"))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("action", choices=["check", "write"])
    parser.add_argument("--elsewhere", action="append", default=[])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    seen = list_of(options.command)
    known = Listing(parts(PAGE)[1])
    if options.action == "check":
        known.rows = {name: row for name, row in known.rows.items() if name in seen.rows or name in options.elsewhere}
        known.limits = {name: known.limits[name] for name in known.rows}
    known.replace(seen)
    stale = []
    for page, with_limits in ((PAGE, True), (README, False)):
        before, listing, after = parts(page)
        expected = known.text(with_limits)
        if options.action == "write":
            page.write_text(before + expected + after, encoding="utf-8")
        elif listing != expected:
            different = sorted(set(listing.splitlines()) ^ set(expected.splitlines()))
            stale.append(f"{page.relative_to(ROOT)}: differs from the output of the command: {different}")
    if stale:
        sys.exit("\n".join(stale) + f"\nwrite them again with: {pathlib.Path(__file__).name} write COMMAND")


if __name__ == "__main__":
    main()
