# SPDX-License-Identifier: BSL-1.0
"""Tests of pollux demo: short runs, limits, and the end by a signal."""
import ctypes
import re
import resource
import signal
import subprocess
import time
import unittest

from running import COMMAND, environment, run

FEW = ["--connections", "20", "--seconds", "1"]


def rows(outcome):
    """Returns the lines of the table below its heading: backend, connections, requests/s, errors."""
    found = {}
    for line in outcome.stdout.splitlines()[1:]:
        words = line.split()
        if not line.startswith(" "):
            found[words[0]] = {"connections": int(words[1]), "requests/s": int(words[2]), "errors": int(words[10])}
    return found


def allow(descriptors):
    """Called before the program starts: sets a hard limit that not even the superuser can raise."""
    drop_capability, may_raise_limits = 24, 24  # PR_CAPBSET_DROP, CAP_SYS_RESOURCE
    ctypes.CDLL(None).prctl(drop_capability, may_raise_limits, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


class Demo(unittest.TestCase):
    def check(self, outcome, *backends):
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn("connected", outcome.stderr)  # progress
        found = rows(outcome)
        self.assertEqual(list(found), list(backends))
        for row in found.values():
            self.assertEqual((row["connections"], row["errors"]), (20, 0))
            self.assertGreater(row["requests/s"], 0)

    def test_automatic_choice(self):
        outcome = run("demo", *FEW)
        self.check(outcome, "epoll")
        self.assertIn("auto: the backend with the highest rank that opens", outcome.stdout)

    def test_environment(self):
        outcome = run("demo", *FEW, variables={"POLLUX_BACKEND": "poll_fallback"})
        self.check(outcome, "poll_fallback")
        self.assertIn('"poll_fallback" from POLLUX_BACKEND', outcome.stdout)

    def test_option(self):
        self.check(run("demo", *FEW, "--backend", "nosuch,poll_fallback"), "poll_fallback")

    def test_all(self):
        installed = re.findall(r"/libpollux-(\w+)\.so", run("list").stdout.partition("\nlayer")[0])
        self.assertGreaterEqual(set(installed), {"epoll", "poll_fallback"})
        self.check(run("demo", *FEW, "--all", variables={"POLLUX_BACKEND": "nosuch"}), *installed)

    def test_interrupt(self):
        demo = subprocess.Popen([COMMAND, "demo", "--connections", "20", "--seconds", "60"], env=environment(),
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        demo.stderr.readline()  # it runs
        began = time.monotonic()
        demo.send_signal(signal.SIGINT)
        stdout, _ = demo.communicate(timeout=30)
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(demo.returncode, 0)
        self.assertIn("epoll", stdout)
        self.assertIn("interrupted before the end", stdout)

    def test_soft_limit_is_raised(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.check(run("demo", *FEW, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (30, hard))), "epoll")

    def test_hard_limit_is_reported(self):
        outcome = run("demo", *FEW, preexec_fn=lambda: allow(30))
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertEqual(outcome.stdout, "")
        self.assertIn("104 open descriptors are needed, but the limit of this process is 30", outcome.stderr)


if __name__ == "__main__":
    unittest.main()
