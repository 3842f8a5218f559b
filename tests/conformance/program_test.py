# SPDX-License-Identifier: BSL-1.0
"""Tests of the conformance program: its output and its exit status.

POLLUX_CONFORMANCE is the program, POLLUX_EPOLL, MISBEHAVING and CRASHING are files of plugins.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

# A sanitizer catches the signal, prints a report and exits.
CRASHED = "(is ended by SIGSEGV|exits with status [0-9]+ before the rule has ended)"
RULES = pathlib.Path(__file__).resolve().parent / "rules"


def allow(descriptors):
    """Called before the program starts: sets the soft and the hard limit."""
    import resource  # of POSIX
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


def run(*arguments, **options):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("POLLUX_BACKEND", "POLLUX_PLUGIN_PATH", "GTEST_"))}
    return subprocess.run([os.environ["POLLUX_CONFORMANCE"], *arguments], capture_output=True, text=True,
                          env=environment, timeout=300, check=False, **options)


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
        self.check(["nosuch"], "no libpollux-nosuch.so in ")

    def test_unknown_flag(self):
        self.check(["epoll", "--nosuch"], '"--nosuch"')

    def test_filter_that_matches_nothing(self):
        self.check(["epoll", "--gtest_filter=nosuch.rule"], "no rule was run")

    def test_one_backend_twice(self):
        self.check(["epoll", os.environ["POLLUX_EPOLL"]], 'two subjects are called "epoll"')


@unittest.skipIf(sys.platform == "win32", "Windows has no limit of descriptors")
class Descriptors(unittest.TestCase):
    VERDICT = r"^not judged: too few descriptors: the limit of this process is %s \(ulimit -Hn\), the rules need \d+$"

    def test_too_few_give_no_verdict(self):
        for limit in [8, 20, 64, 400, 1000]:
            for more in [["--brief"], ["--gtest_filter=add.reports"]]:
                outcome = run(os.environ["POLLUX_EPOLL"], *more, preexec_fn=lambda: allow(limit))
                self.assertEqual(outcome.returncode, 2, outcome)
                self.assertRegex(last_line(outcome), self.VERDICT % limit)
                self.assertNotIn("NOT conformant", outcome.stdout)

    def test_the_least_that_is_accepted_is_enough(self):
        """For the rule that needs most, with many rules at a time."""
        outcome = run(os.environ["POLLUX_EPOLL"], preexec_fn=lambda: allow(20))
        least = int(last_line(outcome).split()[-1])
        outcome = run(os.environ["POLLUX_EPOLL"], "--gtest_filter=overload.lossless:add.*", "--brief", "--jobs=8",
                      preexec_fn=lambda: allow(least))
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertRegex(outcome.stdout, r"epoll: [0-9]{2} rules passed, 0 failed")

    def test_a_soft_limit_is_raised(self):
        import resource  # of POSIX
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        outcome = run(os.environ["POLLUX_EPOLL"], "--gtest_filter=overload.lossless",
                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (20, hard)))
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertRegex(last_line(outcome), r"^not judged: epoll \(1 of")

    def test_rules_are_listed(self):
        outcome = run(os.environ["POLLUX_EPOLL"], "--gtest_list_tests", preexec_fn=lambda: allow(20))
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn("reports", outcome.stdout)


class Reports(unittest.TestCase):
    def test_every_rule_is_listed(self):
        in_sources = {".".join(rule) for file in RULES.glob("*.cpp")
                      for rule in re.findall(r"^RULE\((\w+), (\w+)", file.read_text(), re.MULTILINE)}
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


class Isolation(unittest.TestCase):
    """A rule whose process does not end as it should is broken, and all others run."""

    RULES = "--gtest_filter=modify.replaces:add.reports:wake.next"

    def check(self, how, fact, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "report.xml"
            outcome = run(f"{os.environ['MISBEHAVING']}?how={how}+epoll", self.RULES, "--jobs=2", f"--gtest_output=xml:{file}",
                          *arguments)
            self.assertEqual(outcome.returncode, 1, outcome)
            self.assertRegex(outcome.stdout, "expected: the rule ends\n    seen: its process " + fact)
            self.assertRegex(outcome.stdout, r": 2 rules passed, 1 failed, ")
            self.assertRegex(outcome.stdout, r"\n    failed: modify\.replaces\n")
            self.assertRegex(last_line(outcome), r"^NOT conformant: .*\(breaks 1 rule\)$")
            report = xml.etree.ElementTree.parse(file).getroot()
            self.assertEqual((report.get("tests"), report.get("failures")), ("3", "1"))
        return outcome

    def test_well(self):
        outcome = run(f"{os.environ['MISBEHAVING']}?how=well+epoll", self.RULES, "--jobs=2")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn(": 3 rules passed, 0 failed", outcome.stdout)

    def test_crash(self):
        self.check("crash", CRASHED)

    def test_abort(self):
        self.check("abort", "is ended by SIGABRT")

    def test_exit(self):
        self.check("exit", r"calls exit\(\) before the rule has ended")

    def test_exit_without_handlers(self):
        self.check("leave", "exits with status 0 before the rule has ended")

    def test_asleep(self):
        self.check("sleep", "hangs: it sleeps without progress", "--hang-limit=1")

    def test_computing(self):
        self.check("compute", "hangs: it computes without progress", "--hang-limit=1")

    def test_output(self):
        outcome = self.check("print", "prints more than 1048576 bytes")
        self.assertIn("\n    | a line of a plugin that does not stop\n", outcome.stdout)
        self.assertLess(len(outcome.stdout), 20000)

    def test_crash_of_one_process(self):
        outcome = run(f"{os.environ['MISBEHAVING']}?how=crash+epoll", self.RULES, "--in-process")
        self.assertNotIn(outcome.returncode, (0, 2, 3), outcome)
        self.assertNotIn("rules passed", outcome.stdout)

    def test_a_plugin_that_crashes_when_it_is_loaded(self):
        outcome = run(os.environ["CRASHING"] + "+epoll", self.RULES)
        self.assertEqual(outcome.returncode, 2, outcome)
        self.assertRegex(outcome.stderr, "seen: its process " + CRASHED)

    def test_each_iteration_is_isolated(self):
        outcome = run(f"{os.environ['MISBEHAVING']}?how=crash+epoll", self.RULES, "--gtest_repeat=2")
        self.assertEqual(len(re.findall("its process " + CRASHED, outcome.stdout)), 2, outcome)

    def test_the_first_error_ends_the_run(self):
        # Neither the rules before it in their order nor the longer ones after it are run.
        outcome = run(f"{os.environ['MISBEHAVING']}?how=refuse+epoll", "--gtest_filter=add.tokens:modify.replaces:sequences.random",
                      "--gtest_fail_fast", "--jobs=1", "--gtest_repeat=2")
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertEqual(outcome.stdout.count("\n    failed: modify.replaces\n"), 2, outcome)
        self.assertRegex(outcome.stdout, r": [0-9]+ rules passed, 1 failed")
        self.assertNotIn("OK ] misbehaving+epoll/sequences.random", outcome.stdout)

    def test_an_expected_failure_ends_no_run(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "expected"
            file.write_text("modify.replaces since it misbehaves\n", encoding="utf-8")
            outcome = run(f"{os.environ['MISBEHAVING']}?how=refuse+epoll", self.RULES, "--gtest_fail_fast", f"--expect={file}")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn(": 2 rules passed, 0 failed", outcome.stdout)

    def test_rules_in_any_order(self):
        outcome = run("epoll", "--gtest_filter=add.*:modify.*", "--gtest_shuffle", "--jobs=3")
        self.assertEqual(outcome.returncode, 0, outcome)

    def test_counts(self):
        for option in ("--jobs=0", "--jobs=", "--jobs=many", "--jobs=257", "--hang-limit=0", "--hang-limit=1s"):
            outcome = run("epoll", option)
            self.assertEqual(outcome.returncode, 2, outcome)
            name, _, value = option.partition("=")
            self.assertRegex(outcome.stderr, f'{name}: expected a count from 1 to [0-9]+, seen "{value}"')


if __name__ == "__main__":
    unittest.main()
