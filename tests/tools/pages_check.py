# SPDX-License-Identifier: BSL-1.0
"""Tests of the pages with programs that few machines have: groff, man and mandoc; of the completions with zsh and fish."""
import os
import pathlib
import subprocess
import tempfile
import unittest

from running import COMMAND, environment
from shell import PAGES, zsh


def run(*command, **variables):
    path = f"{pathlib.Path(COMMAND).parent}:{os.environ['PATH']}"
    return subprocess.run(command, env=environment(PATH=path, TERM="dumb", **variables), text=True, timeout=60,
                          capture_output=True, check=False)  # fmt: skip


class Manual(unittest.TestCase):
    def test_no_program_warns(self):
        pages = sorted((PAGES / "man").glob("man?/*"))
        self.assertEqual([page.name for page in pages],
                         ["pollux-conformance.1", "pollux-model.1", "pollux.1", "pollux.7"])
        for page in pages:
            for command in [["groff", "-man", "-ww", "-t", "-Tutf8", "-z"], ["man", "--warnings=w", "-l"], ["mandoc", "-T", "lint"]]:
                with self.subTest(page=page.name, command=command[0]):
                    outcome = run(*command, str(page), LC_ALL="C.UTF-8", MANPAGER="cat")
                    self.assertEqual((outcome.returncode, outcome.stderr), (0, ""))
                    if command[0] == "man":
                        self.assertIn("SEE ALSO", outcome.stdout)
                    else:
                        self.assertEqual(outcome.stdout, "")


# For both shells: a line, and the line after TAB.
LINES = [
    ("pollux de", "pollux demo "),
    ("pollux demo --conn", "pollux demo --connections"),
    ("pollux demo --backend poll", "pollux demo --backend poll_fallback "),
    ("pollux demo --backend=poll", "pollux demo --backend=poll_fallback "),
    ("pollux explain nosuch,trace+epo", "pollux explain nosuch,trace+epoll "),
    ("pollux explain --needs edge,prio", "pollux explain --needs edge,priority"),
    ("pollux explain ow", "pollux explain own "),
    ("pollux explain libpollux-o", "pollux explain libpollux-own.so "),
    ("pollux new mine --dir dir", "pollux new mine --dir directory/"),
    ("pollux conformance epoll --explain wake.nex", "pollux conformance epoll --explain wake.next "),
    ("pollux conformance epoll --report=libpollux-o", "pollux conformance epoll --report=libpollux-own.so "),
    ("pollux-conformance epo", "pollux-conformance epoll "),
    ("pollux-model epoll --seq", "pollux-model epoll --sequences"),
]


class Shells(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        (pathlib.Path(self.folder.name) / "libpollux-own.so").write_text("no plugin")
        (pathlib.Path(self.folder.name) / "directory").mkdir()

    def tearDown(self):
        self.folder.cleanup()

    def test_zsh(self):
        with zsh(self.folder.name, POLLUX_PLUGIN_PATH=self.folder.name) as shell:
            for line, completed in LINES:
                with self.subTest(line):
                    # zsh has "=" after an option that accepts it, and "," in a list; it removes both before a blank.
                    self.assertEqual(shell.completed(line).rstrip(" =,"), completed.rstrip())

    def test_fish(self):
        for line, completed in LINES:
            program = line.split()[0]
            with self.subTest(line):
                script = f"source {PAGES}/completions/fish/{program}.fish; cd {self.folder.name}; complete -C '{line}'"
                outcome = run("fish", "--no-config", "-c", script, HOME=self.folder.name, POLLUX_PLUGIN_PATH=self.folder.name)
                self.assertEqual(outcome.stderr, "")
                offered = [each.split("\t")[0].rstrip("/") for each in outcome.stdout.splitlines()]
                last = completed.rstrip(" /").split()[-1]
                self.assertTrue({last, last.partition("=")[2], last + "="} & set(offered), outcome.stdout)


if __name__ == "__main__":
    unittest.main()
