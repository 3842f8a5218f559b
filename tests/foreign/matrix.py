# SPDX-License-Identifier: BSL-1.0
"""Writes docs/matrix.md: the results of the conformance suite for the backends of Pollux and other event libraries.

    matrix.py BUILD                 runs the suite in full on each plugin of a build tree, and writes the page
    matrix.py --check               checks that the page has the known deviations of the *.expect files, and no others
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs" / "matrix.md"
OWN = ("epoll", "io_uring", "poll_fallback", "asio")
EXAMPLES = ("c_select", "rust_poll")
CAPABILITIES = ("oneshot", "level", "edge", "sockets", "pipes", "files", "priority", "any_thread", "any_number",
                "unchanged_sources", "closed_sources")  # fmt: skip
MARKS = {"native": "yes", "emulated": "emulated", "unsupported": "-"}


def deviations(name):
    """Returns the rules that an entrant is known to break, with the reasons."""
    found = {}
    for line in (HERE / f"{name}.expect").read_text().splitlines():
        if line and not line.startswith("#"):
            rule, reason = line.split(maxsplit=1)
            found[rule.removesuffix("@full")] = reason
    return found


def foreign_names():
    return sorted(path.stem for path in HERE.glob("*.expect"))


def judge(build, name, plugin, expects):
    """Runs the suite in full, and returns the subject of its report, and the report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [build / "bin" / "pollux-conformance", plugin, f"--report={report}"]
        command += [f"--expect={HERE / (name + '.expect')}"] if expects else []
        print(f"{name} ...", flush=True)
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
        if outcome.returncode != 0:
            sys.exit(f"{name}: expected status 0, seen {outcome.returncode}:\n{outcome.stdout[-3000:]}{outcome.stderr}")
        whole = json.loads(report.read_text())
        return whole["subjects"][0], whole


def plugins(build):
    """Yields name, plugin and whether there are known deviations, for each entrant; all have to be built."""
    for name in OWN:
        yield name, name, False
    for name in EXAMPLES + tuple(foreign_names()):
        files = sorted(build.glob(f"**/libpollux-{name}.so"))
        if not files:
            sys.exit(f"expected libpollux-{name}.so in {build}: its package is missing, see tests/foreign")
        yield name, files[0], name not in EXAMPLES


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def page(build):
    subjects, whole = [], None
    for name, plugin, expects in plugins(build):
        subject, whole = judge(build, name, plugin, expects)
        subjects.append((name, subject))
    run, system = whole["run"], whole["system"]
    rows = []
    for name, subject in subjects:
        count = subject["counts"]
        rows.append([f"`{name}`", subject["plugins"][0]["summary"].replace("|", "\\|"), str(count["passed"]),
                     str(count["expected failure"]), str(count["declared unsupported"])])  # fmt: skip
    text = ["# Matrix", "",
            "The results of the conformance suite for the backends of Pollux, two plugins of `examples`, and other event",
            "libraries, whose plugins are in `tests/foreign`. `python3 tests/foreign/matrix.py build/dev` makes this page,",
            "of reports of the suite in full.", "",
            f"Contract {whole['versions']['contract']}, {whole['versions']['compiler']}, {system['libc']},"
            f" {system['kernel'].split('-')[0]}, {run['begun'][:10]}.", "",
            "A rule is declared unsupported if it needs what the capabilities exclude. An expected deviation is a promise",
            "that the library breaks, or that does not fit it; they are listed below. Some of them are defects:",
            "[found.md](found.md).", ""]  # fmt: skip
    text += table(["plugin", "what it is", "rules kept", "expected deviations", "declared unsupported"], rows)
    text += ["", "## Capabilities", ""]
    text += table(["plugin", *(f"`{name}`" for name in CAPABILITIES)],
                  [[f"`{name}`", *(MARKS[subject["capabilities"][each]["support"]] for each in CAPABILITIES)]
                   for name, subject in subjects])  # fmt: skip
    text += ["", "## Expected deviations", ""]
    for name in foreign_names():
        if deviations(name):
            text += [f"### {name}", ""]
            text += table(["rule", "reason"], [[f"`{rule}`", reason.replace("|", "\\|")]
                                               for rule, reason in sorted(deviations(name).items())])  # fmt: skip
            text += [""]
    return "\n".join(text).rstrip() + "\n"


def check():
    """Returns the faults of the page."""
    faults, listed, name = [], {}, None
    for line in PAGE.read_text().partition("## Expected deviations\n")[2].splitlines():
        if heading := re.fullmatch(r"### (\w+)", line):
            name = heading[1]
        elif row := re.fullmatch(r"\| `([\w.]+)` \| (.*) \|", line):
            listed[name, row[1]] = row[2].replace("\\|", "|")
    known = {(name, rule): reason for name in foreign_names() for rule, reason in deviations(name).items()}
    for entrant, rule in sorted(known.keys() | listed.keys()):
        expected, seen = known.get((entrant, rule)), listed.get((entrant, rule))
        if expected != seen:
            faults.append(f"docs/matrix.md: {entrant}, {rule}: expected {expected!r}, seen {seen!r}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, nargs="?")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if arguments.check == bool(arguments.build):
        parser.error("expected either a build tree or --check")
    if arguments.build:
        PAGE.write_text(page(arguments.build.resolve()))
        return 0
    faults = check()
    print(*faults, f"{len(faults)} faults", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
