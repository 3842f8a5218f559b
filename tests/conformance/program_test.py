# SPDX-License-Identifier: BSL-1.0
"""Tests of the conformance program: its output and its exit status.

POLLUX_CONFORMANCE is the program, POLLUX_EPOLL the file of a plugin.
"""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

RULES = pathlib.Path(__file__).resolve().parent / "rules"


def run(*arguments):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("POLLUX_BACKEND", "POLLUX_PLUGIN_PATH", "GTEST_"))}
    return subprocess.run([os.environ["POLLUX_CONFORMANCE"], *arguments], capture_output=True, text=True,
                          env=environment, timeout=300, check=False)


def last_line(outcome):
    return outcome.stdout.rstrip().splitlines()[-1]


class Misuse(unittest.TestCase):
    def check(self, arguments, fact, status=2):
        outcome = run(*arguments)
        self.assertEqual(outcome.returncode, status, outcome)
        self.assertIn(fact, outcome.stderr)

    def test_no_backend(self):
        self.check([], "expected the name or file of at least one backend")

    def test_unknown_backend(self):
        self.check(["nosuch"], "no libpollux-nosuch.so in ", 1)

    def test_unknown_flag(self):
        self.check(["epoll", "--nosuch"], '"--nosuch"')

    def test_filter_that_matches_nothing(self):
        self.check(["epoll", "--gtest_filter=nosuch.rule"], "no rule was run")

    def test_one_backend_twice(self):
        self.check(["epoll", os.environ["POLLUX_EPOLL"]], 'two subjects are called "epoll"')


class Reports(unittest.TestCase):
    def test_every_rule_is_listed(self):
        in_sources = {".".join(rule) for file in RULES.glob("*.cpp")
                      for rule in re.findall(r"^RULE\((\w+), (\w+)\)", file.read_text(), re.MULTILINE)}
        listed, group = set(), ""
        for line in run("epoll", "--gtest_list_tests").stdout.splitlines():
            if line.startswith("epoll/"):
                group = line.removeprefix("epoll/").strip()
            elif line.startswith("  "):
                listed.add(group + line.strip())
        self.assertEqual(listed, in_sources)
        self.assertGreater(len(listed), 80)

    def test_some_rules_give_no_verdict(self):
        outcome = run("epoll", "poll_fallback", "--gtest_filter=add.reports:wake.next")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertRegex(last_line(outcome), r"^not judged: epoll \(2 of \d+ rules were run\), poll_fallback \(2 of")

    def test_a_filter_may_name_or_exclude_a_backend(self):
        outcome = run("epoll", "poll_fallback", "--gtest_filter=epoll/wake.*-wake.n*")
        self.assertIn("epoll/wake.asleep", outcome.stdout)
        self.assertNotIn("wake.next", outcome.stdout)
        self.assertNotIn("poll_fallback/", outcome.stdout)

    def test_unsupported_is_counted_separately_with_its_reason(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "report.xml"
            outcome = run("poll_fallback", "--gtest_filter=edge.*", f"--gtest_output=xml:{file}")
            self.assertEqual(outcome.returncode, 0, outcome)
            self.assertIn("poll_fallback: 0 rules passed, 0 failed, 5 declared unsupported", outcome.stdout)
            self.assertIn("poll(2) reports states, not arrivals", outcome.stdout)
            report = xml.etree.ElementTree.parse(file).getroot()
            self.assertEqual(report.get("tests"), "5")
            reasons = [node.get("value") for node in report.iter("property") if node.get("name") == "declared_unsupported"]
            self.assertEqual(len(reasons), 5)

    def test_brief_runs_are_reported(self):
        # tests/package/run tests the verdict of a brief run.
        for arguments in [["--brief", "epoll"], ["epoll", "--brief"]]:
            outcome = run(*arguments, "--gtest_filter=edge.after_drain:add.reports")
            self.assertEqual(outcome.returncode, 0, outcome)
            rounds = re.search(r"\n    cut short: edge\.after_drain \((\d+) of 10000 rounds\)\n", outcome.stdout)
            self.assertTrue(rounds, outcome)
            self.assertIn(int(rounds[1]), range(1, 1001))
            self.assertIn("epoll: 2 rules passed", outcome.stdout)

    def test_a_file_is_reported_by_its_name(self):
        outcome = run(os.environ["POLLUX_EPOLL"], "--gtest_filter=add.reports")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn("epoll: 1 rules passed", outcome.stdout)

    def test_each_iteration_is_judged(self):
        outcome = run("epoll", "--gtest_filter=wake.next", "--gtest_repeat=3")
        self.assertEqual(outcome.stdout.count("not judged: epoll"), 3)


if __name__ == "__main__":
    unittest.main()
