# SPDX-License-Identifier: BSL-1.0
"""Tests of a system that refuses io_uring: the messages, and the backend that is used instead.

POLLUX_WITHOUT is the program that makes a system call fail in another one.
"""
import os
import subprocess
import unittest

from running import COMMAND, environment

WITHOUT = os.environ["POLLUX_WITHOUT"]


def run(call, error, backend, *arguments):
    """Runs the command without a system call; POLLUX_BACKEND is the backend."""
    return subprocess.run([WITHOUT, call, error, COMMAND, *arguments], env=environment(POLLUX_BACKEND=backend), text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=100, check=False)


class RefusedRing(unittest.TestCase):
    REFUSALS = [
        ("io_uring_setup", "EPERM", "io_uring_setup: Operation not permitted"),
        ("io_uring_setup", "ENOSYS", "io_uring_setup: Function not implemented"),
        ("io_uring_setup", "ENOMEM", r"io_uring_setup: Cannot allocate memory: the kernel counts all rings of a user "
                                     r"against RLIMIT_MEMLOCK, .* \(ulimit -l\)"),
        ("io_uring_enter", "EPERM", "io_uring_enter: Operation not permitted"),
    ]

    def test_io_uring_alone_fails_with_step_and_reason(self):
        for call, error, reason in self.REFUSALS:
            with self.subTest(call=call, error=error):
                outcome = run(call, error, "io_uring", "explain")
                self.assertEqual(outcome.returncode, 1, outcome)
                self.assertEqual(outcome.stdout, "")
                self.assertIn('cannot open backend "io_uring" (from POLLUX_BACKEND)', outcome.stderr)
                self.assertRegex(outcome.stderr, rf"(?m)^  /.*/libpollux-io_uring\.so: {reason}$")

    def test_the_next_of_the_list_is_opened(self):
        for call, error, reason in self.REFUSALS:
            with self.subTest(call=call, error=error):
                outcome = run(call, error, "io_uring,epoll", "explain")
                self.assertEqual(outcome.returncode, 0, outcome)
                self.assertEqual(outcome.stderr, "")
                self.assertRegex(outcome.stdout, rf"(?m)^  /.*/libpollux-io_uring\.so: {reason}$")
                self.assertRegex(outcome.stdout, r"(?m)^  winner: epoll,")

    def test_the_next_of_the_list_works(self):
        outcome = run("io_uring_setup", "EPERM", "io_uring,epoll", "demo", "--seconds", "1", "--connections", "4")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn("epoll", outcome.stdout)

    def test_the_suite_prints_the_reason(self):
        outcome = run("io_uring_setup", "EPERM", "auto", "conformance", "io_uring")
        self.assertEqual(outcome.returncode, 2, outcome)
        self.assertRegex(outcome.stderr, r"libpollux-io_uring\.so: io_uring_setup: Operation not permitted")

    def test_with_all_its_calls_it_opens(self):
        outcome = run("epoll_pwait2", "ENOSYS", "io_uring", "explain")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertRegex(outcome.stdout, r"(?m)^  winner: io_uring,")


if __name__ == "__main__":
    unittest.main()
