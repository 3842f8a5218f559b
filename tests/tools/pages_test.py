# SPDX-License-Identifier: BSL-1.0
"""Tests of the manual pages and of bash's completions: they have what --help prints, and complete what is installed."""
import pathlib
import re
import subprocess
import tempfile
import unittest

from running import COMMAND, environment, run
from shell import PAGES, bash

SOURCE = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = ["list", "explain", "demo", "new", "version"]
OPTION = re.compile(r"(?<![\w=-])--[a-z][a-z_-]*")


def page(name):
    """A manual page as text: without fonts, and with the characters that roff has names for."""
    text = (PAGES / "man" / f"man{name[-1]}" / name).read_text(encoding="ascii")
    text = re.sub(r"\\f[BIR]", "", text).replace("\\\n", "")
    for escape, character in [(r"\-", "-"), (r"\(aq", "'"), (r"\(dq", '"'), (r"\(ga", "`"), (r"\(ha", "^"), (r"\(ti", "~"),
                              (r"\&", ""), (r"\e", "\\")]:  # fmt: skip
        text = text.replace(escape, character)
    return text


def program(name, *arguments):
    return subprocess.run([pathlib.Path(COMMAND).parent / name, *arguments], env=environment(), text=True, timeout=60,
                          capture_output=True, check=True).stdout  # fmt: skip


def part(text, begin, end=r"\n\.S[HS] |\Z"):
    return re.search(rf"(?s){begin}(.*?)({end})", text)[1]


def words(text):
    """The words of a text that is printed in lines."""
    return " ".join(text.split())


class Manual(unittest.TestCase):
    def check_options(self, printed, written):
        """The options that --help lists, each at the beginning of a line, are those that the page describes."""
        listed = {name for line in re.findall(r"(?m)^  (-.*)$", printed) for name in OPTION.findall(line.split("  ")[0])}
        described = {name for line in re.findall(r"(?m)^\.TP\n(-.*)$", written) for name in OPTION.findall(line)}
        self.assertTrue(listed)
        self.assertEqual(described, listed - {"--help"} if "--help" not in described else listed)

    def test_options_and_meanings_of_subcommands(self):
        text = page("pollux.1")
        self.check_options(run("--help").stdout.split("Environment:")[0], part(text, r"\n\.SH \"OPTIONS\"\n"))
        for command in COMMANDS:
            printed = run(command, "--help").stdout
            with self.subTest(command):
                written = part(text, rf'\n\.SS "pollux {command}"\n')
                self.assertIn(printed.splitlines()[0], words(written))
                options = printed.split("Environment:")[0]
                if command != "version":
                    self.check_options(re.sub(r"Excludes:.*", "", options), written)
                for meaning in re.findall(r"(?m)^(?:  --[^\n]*\S  +|  {20,})(\S.*)$", options):
                    self.assertIn(meaning, words(written))
        written = part(text, r'\n\.SS "pollux conformance"\n')
        self.check_options(program("pollux-conformance", "--help"), written)

    def test_other_programs(self):
        for name in ["pollux-conformance", "pollux-model"]:
            printed, written = program(name, "--help"), page(f"{name}.1")
            self.check_options(printed.split("Exit status:")[0], written)
            statuses = re.sub(r"\.TP ", "", words(part(written, r'\n\.SH "EXIT STATUS"\n')))
            self.assertEqual(statuses, words(printed.split("Exit status:")[1]))

    def test_the_page_of_the_suite_has_its_options(self):
        rows = part((SOURCE / "docs/conformance.md").read_text(encoding="utf-8"), "## Options", "\n## ")
        described = {name for row in re.findall(r"(?m)^\| (`--.*?) \|", rows) for name in OPTION.findall(row)}
        self.assertEqual(described - {"--gtest_shuffle"}, set(OPTION.findall(
            "\n".join(re.findall(r"(?m)^  (--\S+)", program("pollux-conformance", "--help"))))))

    def test_variables(self):
        written = re.sub(r"\.TP ", "", words(part(page("pollux.1"), r'\n\.SH "ENVIRONMENT"\n')))
        self.assertEqual(written, words(re.search(r"(?s)Environment:\n(.*)\nExit status", run("--help").stdout)[1]))

    def test_the_page_of_the_environment(self):
        written = page("pollux.7")
        squeezed = words(written)
        lines = (SOURCE / "docs/environment.md").read_text(encoding="utf-8").splitlines()
        for line in lines:
            with self.subTest(line):
                if line.startswith("## "):
                    self.assertIn(f'\n.SH "{line[3:].replace("`", "").upper()}"\n', written)
                elif line.startswith("    "):
                    self.assertIn(words(line), squeezed)
                elif line.startswith("| `"):
                    # The first cell; the others may have links.
                    self.assertIn(words(re.match(r"\| (`[^`]*`)", line)[1].strip("`")), squeezed)
                else:
                    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|\*\*|`", r"\1", line)
                    for sentence in re.findall(r"[\w' ]{20,}", plain):
                        self.assertIn(words(sentence), squeezed)
        self.assertNotIn("](", written)


class Bash(unittest.TestCase):
    def check(self, shell, line, completed):
        with self.subTest(line):
            self.assertEqual(shell.completed(line), completed)

    def test_what_tab_completes(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "libpollux-own.so").write_text("no plugin")
            (pathlib.Path(folder) / "libpollux-lent.so").write_text("no plugin")
            (pathlib.Path(folder) / "directory").mkdir()
            with bash(folder, "pollux", POLLUX_PLUGIN_PATH=folder) as shell:
                for line, completed in [
                    ("pollux de", "pollux demo "),
                    ("pollux --ver", "pollux --version "),
                    ("pollux demo --conn", "pollux demo --connections "),
                    ("pollux demo --connections 5 --al", "pollux demo --connections 5 --all "),
                    ("pollux demo --backend poll", "pollux demo --backend poll_fallback "),
                    ("pollux demo --backend=poll", "pollux demo --backend=poll_fallback "),
                    ("pollux explain aut", "pollux explain auto "),
                    ("pollux explain nosuch,trace+epo", "pollux explain nosuch,trace+epoll "),
                    ("pollux explain nosuch,aut", "pollux explain nosuch,aut"),
                    ("pollux explain ow", "pollux explain own "),  # found now, and not loaded
                    ("pollux explain ./libpollux-o", "pollux explain ./libpollux-own.so "),
                    ("pollux explain --needs edge,prio", "pollux explain --needs edge,priority"),
                    ("pollux new mine --dir dir", "pollux new mine --dir directory/"),
                    ("pollux conformance --jo", "pollux conformance --jobs="),
                    ("pollux conformance epoll --explain wake.nex", "pollux conformance epoll --explain wake.next "),
                    ("pollux conformance epoll --report=libpollux-l", "pollux conformance epoll --report=libpollux-lent.so "),
                    ("pollux conformance --gtest_output=xml:libpollux-l", "pollux conformance --gtest_output=xml:libpollux-lent.so "),
                    ("pollux conformance --gtest_output=x", "pollux conformance --gtest_output=xml:"),
                    ("pollux list nothing", "pollux list nothing"),
                ]:  # fmt: skip
                    self.check(shell, line, completed)

    def test_other_programs(self):
        with tempfile.TemporaryDirectory() as folder:
            with bash(folder, "pollux-conformance") as shell:
                self.check(shell, "pollux-conformance epo", "pollux-conformance epoll ")
                self.check(shell, "pollux-conformance epoll --br", "pollux-conformance epoll --brief ")
                self.check(shell, "pollux-conformance --gtest_filter=wake.nex", "pollux-conformance --gtest_filter=wake.next ")
            with bash(folder, "pollux-model") as shell:
                self.check(shell, "pollux-model epoll poll", "pollux-model epoll poll_fallback ")
                self.check(shell, "pollux-model epoll --seq", "pollux-model epoll --sequences ")

    def replies(self, name, *line):
        """All that is offered for the last word."""
        script = (f"source {PAGES}/completions/bash/{name}; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
                  f"_{name.replace('-', '_')}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")  # fmt: skip
        return subprocess.run(["bash", "--norc", "-c", script, "bash", *line], env=environment(), text=True, timeout=60,
                              capture_output=True, check=True).stdout.split()  # fmt: skip

    def test_everything_is_offered(self):
        self.assertEqual(sorted(self.replies("pollux", COMMAND, "")), sorted([*COMMANDS, "conformance"]))
        for command in COMMANDS:
            listed = OPTION.findall(re.sub(r"Excludes:.*", "", run(command, "--help").stdout.split("Environment:")[0]))
            self.assertEqual(set(self.replies("pollux", COMMAND, command, "--")), set(listed))
        installed = run("list", "--names").stdout.split()
        self.assertEqual(sorted(self.replies("pollux", COMMAND, "explain", "")), sorted([*installed, "auto"]))
        self.assertEqual(self.replies("pollux", COMMAND, "explain", "--needs", ""),
                         ["oneshot", "level", "edge", "pipes", "files", "priority"])  # fmt: skip

    def test_options_that_need_a_value_in_the_same_word(self):
        """Where bash does not separate words at "=", the option is a part of the word."""
        self.assertEqual(self.replies("pollux", COMMAND, "demo", "--backend=poll_f"), ["--backend=poll_fallback"])


if __name__ == "__main__":
    unittest.main()
