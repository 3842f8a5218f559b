# SPDX-License-Identifier: BSL-1.0
"""Generates docs/museum.md from the tests in tests/museum.

catalogue.py --write [root]   writes the page
catalogue.py --check [root]   prints what is wrong with the tests, or that the page is stale
"""
import re
import sys
from pathlib import Path

PAGE = Path("docs/museum.md")
FOLDER = Path("tests/museum")
MAKE = "python3 tests/museum/catalogue.py --write"
STRING = r'"(?:[^"\\]|\\.)*"'
REPORTED_BUG = re.compile(rf"^REPORTED_BUG\(\s*(\w+),\s*({STRING}),\s*((?:{STRING}\s*)+)(?:,\s*(\w+))?\)", re.MULTILINE)
EXCLUSIONS = re.compile(r"^constexpr Exclusion (\w+)\[\] = \{(.*?)^\};", re.MULTILINE | re.DOTALL)
EXCLUSION = re.compile(rf"\{{({STRING}),\s*((?:{STRING}\s*)+)")
REPORT = re.compile(r"[\w.-]+/[\w.-]+#\d+")
# A report without a number: a project, and the name of the bug.
OTHER_REPORT = re.compile(r"[\w.-]+(/[\w.-]+)? (CVE-\d+-\d+|[\w() -]+)")
LEAST = 40
HEAD = f"""# The museum

Public bugs of other event loops, each as a test that runs over every backend. The tests are written from the
situations: nothing of the reports is copied. This page is generated from `tests/museum` by
`{MAKE}`: change the tests, not this page. [testing.md](testing.md#the-museum) explains how to
add one.

`ctest -R museum` runs all of them; `ctest -R museum.*<test>` runs one.
"""


def text_of(literals):
    return "".join(re.findall(STRING, literals)).replace('""', "").strip('"')


def tests(root):
    """(file, name, reports, sentence, exclusions) of each test, by file and in its order; an exclusion is a backend
    and a reason."""
    for path in sorted((root / FOLDER).glob("*.cpp")):
        text = path.read_text(encoding="utf-8")
        found = REPORTED_BUG.findall(text)
        if len(found) != len(re.findall(r"^REPORTED_BUG\(", text, re.MULTILINE)):
            sys.exit(f"{path.relative_to(root)}: a REPORTED_BUG() is not a name, a string of reports and a sentence, and "
                     "perhaps the name of an array of Exclusions")
        excluded = {name: [(backend.strip('"'), text_of(reason)) for backend, reason in EXCLUSION.findall(entries)]
                    for name, entries in EXCLUSIONS.findall(text)}
        for name, reports, sentence, exclusions in found:
            if exclusions and not excluded.get(exclusions):
                sys.exit(f"{path.relative_to(root)}: {name}: there is no array of Exclusions named {exclusions}")
            yield (path.relative_to(root).as_posix(), name, reports.strip('"').split(", "), text_of(sentence),
                   excluded.get(exclusions, []))


def link(report):
    if not REPORT.fullmatch(report):
        return report
    project, number = report.split("#")
    return f"[{report}](https://github.com/{project}/issues/{number})"


def text(root):
    all_tests = list(tests(root))
    reports = {report for _, _, names, _, _ in all_tests for report in names}
    page = HEAD + f"\n{len(all_tests)} tests, from {len(reports)} reports.\n"
    current = None
    for file, name, names, sentence, exclusions in all_tests:
        if file != current:
            current = file
            title = Path(file).stem.replace("_", " ")
            page += f"\n## {title[0].upper()}{title[1:]}\n\nIn [{Path(file).name}](../{file}).\n\n"
            page += "| reports | what happened there | test |\n|---|---|---|\n"
        without = "".join(f"; excluded on {backend}: {reason}" for backend, reason in exclusions)
        page += f"| {', '.join(map(link, names))} | {sentence} | `{name}`{without} |\n"
    return page


def faults(root):
    names = set()
    for file, name, reports, sentence, exclusions in tests(root):
        if name in names:
            yield f"{file}: {name} is there twice"
        names.add(name)
        for report in reports:
            if not REPORT.fullmatch(report) and not OTHER_REPORT.fullmatch(report):
                yield f'{file}: {name}: expected "project#number", seen "{report}"'
        if not sentence.endswith("."):
            yield f"{file}: {name}: expected a sentence, seen \"{sentence}\""
        for backend, _ in exclusions:
            if not (root / "plugins" / backend).is_dir():
                yield f"{file}: {name}: expected a backend in plugins/ to exclude, seen \"{backend}\""
    if len(names) < LEAST:
        yield f"{FOLDER}: expected {LEAST} tests at least, seen {len(names)}"
    page = root / PAGE
    if not page.is_file() or page.read_text(encoding="utf-8") != text(root):
        yield f"{PAGE}: is stale; write it with {MAKE}"


def main(arguments):
    root = Path(arguments[1]) if len(arguments) == 2 else Path(__file__).resolve().parents[2]
    if arguments[:1] == ["--write"]:
        (root / PAGE).write_text(text(root), encoding="utf-8")
    elif arguments[:1] == ["--check"]:
        found = list(faults(root))
        print(*found, f"museum: {len(found)} faults", sep="\n")
        return 1 if found else 0
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
