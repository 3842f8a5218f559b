# SPDX-License-Identifier: BSL-1.0
"""Tests of programs whose output cannot be written: a status that is not 0, and one line on the standard error stream."""
import os
import pathlib
import subprocess
import tempfile
import unittest

from running import COMMAND, EXAMPLES, environment

PROGRAMS = os.path.dirname(COMMAND)
EACH = [
    [COMMAND, "list"], [COMMAND, "list", "--markdown"], [COMMAND, "list", "--options"], [COMMAND, "list", "--json"],
    [COMMAND, "list", "--names"],
    [COMMAND, "explain"], [COMMAND, "explain", "poll_fallback"], [COMMAND, "explain", "--json"],
    [COMMAND, "--help"], [COMMAND, "--version"], [COMMAND, "version"], [COMMAND, "demo", "--help"],
    [COMMAND, "demo", "--seconds", "1", "--connections", "4"],
    [COMMAND, "demo", "--seconds", "1", "--connections", "4", "--json"],
    [COMMAND, "conformance", "--help"], [COMMAND, "conformance", "--explain", "add.reports"], [COMMAND, "conformance", "epoll", "--gtest_list_tests"],
    [COMMAND, "conformance", "epoll", "--brief", "--gtest_filter=add.reports"],
    [COMMAND, "new", "mine"],
    [PROGRAMS + "/pollux-conformance", "--help"],
    [PROGRAMS + "/pollux-conformance", "epoll", "--gtest_list_tests"],
    [PROGRAMS + "/pollux-model", "--help"],
    [PROGRAMS + "/pollux-model", "epoll", "--sequences", "2"],
    [EXAMPLES + "/node_experiment"], [EXAMPLES + "/udp_echo", "127.0.0.1:0"], [EXAMPLES + "/echo_server", "0"],
]  # fmt: skip


class Output(unittest.TestCase):
    def check(self, command, reason, **options):
        with self.subTest(command=command), tempfile.TemporaryDirectory() as folder:
            outcome = subprocess.run(command, env=environment(), text=True, stderr=subprocess.PIPE, timeout=100,
                                     check=False, cwd=folder, **options)
            is_command = command[0].startswith(PROGRAMS)
            self.assertIn(outcome.returncode, [1] if is_command else range(1, 126), outcome)
            self.assertEqual(outcome.stderr.count("cannot write to the standard output"), 1, outcome)
            if is_command:
                self.assertIn(f"cannot write to the standard output: {reason}\n", outcome.stderr, outcome)

    def test_full(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for command in EACH:
                self.check(command, "No space left on device", stdin=subprocess.DEVNULL, stdout=full)

    def test_closed(self):
        for command in EACH:
            if not command[0].startswith(EXAMPLES):  # the examples do not occupy closed streams
                self.check(command, "Bad file descriptor", preexec_fn=lambda: os.close(1))

    def test_all_closed(self):
        """No socket takes the place of a stream: demo would print into it, and end by SIGPIPE."""
        for command in [[COMMAND, "demo", "--seconds", "1", "--connections", "4"], [COMMAND, "list"]]:
            outcome = subprocess.run(command, env=environment(), preexec_fn=lambda: os.closerange(0, 3), timeout=100,
                                     check=False)
            self.assertEqual(outcome.returncode, 1, outcome)

    def test_reading_end_closed(self):
        """SIGPIPE ends the program, or it returns a status; it never succeeds."""
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            outcome = subprocess.run([COMMAND, "list"], env=environment(), stdout=pipe, timeout=100, check=False)
        self.assertNotEqual(outcome.returncode, 0, outcome)


if __name__ == "__main__":
    unittest.main()
