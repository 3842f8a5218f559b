# SPDX-License-Identifier: BSL-1.0
"""Tests of harmful plugins and texts: pollux list reports the plugins, and no command prints the texts unescaped."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from running import COMMAND, FIXTURES, environment

HOSTILE = pathlib.Path(FIXTURES).parent / "loader-hostile"
CONTROLS = bytes(byte for byte in range(1, 0x20)) + b"\x7f\xc2\x9b\xff\xe2\x80\xae"


def run(*arguments, variables=None):
    clean = {os.fsencode(name): os.fsencode(value) for name, value in environment().items()}
    return subprocess.run([COMMAND, *arguments], env=clean | (variables or {}), capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=100, check=False)


class List(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.variables = {b"POLLUX_PLUGIN_PATH": os.fsencode(scratch.name)}

    def put(self, *names):
        for name in names:
            shutil.copy(HOSTILE / f"libpollux-{name}.so", self.folder)

    def check(self, *lines):
        outcome = run("list", variables=self.variables)
        self.assertEqual((outcome.returncode, outcome.stderr), (0, b""), outcome)
        text = outcome.stdout.decode()
        for line in [r"epoll +100  yes", "A program gets epoll here", *lines]:
            self.assertRegex(text, line)
        return text

    def test_files_that_end_a_process(self):
        self.put("exits", "exits_unsaid", "raises", "raises_late")
        self.check("exits: not usable: ended with status 0 while it was loaded",
                   "exits_unsaid: not usable: ended with status 0 while it was loaded",
                   "raises: not usable: ended by SIGBUS while it was loaded",
                   "raises_late +-1  no", "raises_late: not usable: ended by SIGBUS while it was opened")

    def test_file_that_hangs(self):
        self.put("hangs")
        self.check("hangs: not usable: did not load within 10 s")

    def test_truncated_file(self):
        source = pathlib.Path(FIXTURES, "libpollux-good.so").read_bytes()
        (self.folder / "libpollux-good.so").write_bytes(source[:2000])
        self.check("good: not usable: truncated or damaged: ")

    def test_demo_of_all(self):
        self.put("exits", "raises")
        outcome = run("demo", "--all", "--seconds", "1", "--connections", "4", variables=self.variables)
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn(b"raises: not usable: ended by SIGBUS while it was loaded", outcome.stdout)

    def test_explain_loads_the_named_backend(self):
        self.put("exits", "exits_unsaid", "raises")
        outcome = run("explain", variables=self.variables)
        self.assertEqual(outcome.returncode, 0, outcome)
        for fact in [b"winner: epoll", b"libpollux-exits_unsaid.so: passed over: ", b"libpollux-exits.so: rank -1"]:
            self.assertIn(fact, outcome.stdout)


class Escaping(unittest.TestCase):
    def check(self, *arguments, variables=None):
        with self.subTest(arguments=arguments, variables=variables):
            outcome = run(*arguments, variables=variables)
            for text in [outcome.stdout, outcome.stderr]:
                self.assertNotRegex(text, rb"[\x00-\x09\x0b-\x1f\x7f\xff]|\xc2[\x80-\x9f]|\xe2\x80\xae", outcome)
            return outcome

    def test_everywhere(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = os.fsencode(scratch) + b"/a" + CONTROLS.replace(b"/", b"")
            os.mkdir(folder)
            shutil.copy(os.fsencode(HOSTILE / "libpollux-text.so"), folder)
            with open(folder + b"/libpollux-broken.so", "wb") as broken:
                broken.write(b"no shared object")
            path = {b"POLLUX_PLUGIN_PATH": folder + b":relative" + CONTROLS}
            words = self.check("list", variables=path)
            self.assertEqual(words.returncode, 0, words)
            self.assertIn(rb"text: edge unsupported: a\x1b[2Jb\r\nc\x01\x7f\xc2\x9bd\xff|e\xe2\x80\xae", words.stdout)
            table = self.check("list", "--markdown", variables=path)
            self.assertIn(rb"d\xff\|e", table.stdout)
            for line in table.stdout.splitlines():
                if line.startswith(b"|"):
                    self.assertEqual(len(re.findall(rb"(?<!\\)\|", line)), 10, line)
            for value in [b"\033[2J", b"x" + CONTROLS, b"auto", b"text", b"nosuch", folder + b"/libpollux-broken.so"]:
                variables = path | {b"POLLUX_BACKEND": value}
                for command in [["list"], ["explain"], ["demo", "--seconds", "1", "--connections", "2"]]:
                    self.check(*command, variables=variables)
                for command in [["explain"], ["demo", "--seconds", "1", "--connections", "2", "--backend"],
                                ["conformance", "--gtest_filter=add.reports"]]:
                    self.check(*command, value, variables=path)
        for arguments in [["\033[2J"], ["--\033[2J"], ["list", "\033[2J"], ["demo", "--seconds", "\033[2J"],
                          ["new", "\033[2J"], ["new", "mine", "--dir", "/nonexistent/\033[2J"],
                          ["explain", "--needs", "\033[2J"], ["conformance", "epoll", "--\033[2J"]]:
            self.check(*arguments)


if __name__ == "__main__":
    unittest.main()
