# SPDX-License-Identifier: BSL-1.0
"""Tests of pollux list, explain, version, --help, and of invalid command lines and what is suggested for them."""
import pathlib
import re
import shutil
import tempfile
import unittest

from running import FIXTURES, run

HOSTILE = pathlib.Path(FIXTURES).parent / "loader-hostile"


class Mistakes(unittest.TestCase):
    """Expects one message on the standard error stream, no standard output, and a status that is not 0."""

    def check(self, arguments, facts, status=2, variables=None):
        outcome = run(*arguments, variables=variables)
        self.assertEqual(outcome.returncode, status, outcome)
        self.assertEqual(outcome.stdout, "")
        self.assertTrue(outcome.stderr.startswith("pollux: "), outcome.stderr)
        self.assertEqual(outcome.stderr.count("pollux: "), 1, outcome.stderr)
        for fact in facts:
            self.assertIn(fact, outcome.stderr)

    def test_no_command(self):
        self.check([], ["list, explain, conformance, demo, new or version"])

    def test_unknown_command(self):
        self.check(["nosuch"], ['"nosuch"', "list, explain, conformance, demo, new or version"])

    def test_unknown_option(self):
        self.check(["--nosuch"], ["--nosuch"])
        self.check(["demo", "--nosuch"], ["--nosuch"])

    def test_bad_numbers(self):
        for text in ["abc", "0", "-1", "20001", "1.5", "9999999999999999999", ""]:
            self.check(["demo", "--connections=" + text] if text else ["demo", "--connections", ""],
                       ["--connections", "1 to 20000", f'"{text}"'])
        self.check(["demo", "--seconds", "0"], ["--seconds", "1 to 86400", '"0"'])

    def test_options_that_exclude_each_other(self):
        self.check(["demo", "--all", "--backend", "epoll"], ["--all", "--backend"])

    def test_unknown_backend(self):
        facts = ['cannot open backend "nosuch"', "libpollux-nosuch.so", "installed: ", "epoll"]
        self.check(["demo"], facts + ["from POLLUX_BACKEND"], 1, {"POLLUX_BACKEND": "nosuch"})
        self.check(["demo", "--backend", "nosuch"], facts + ["from --backend"], 1)
        self.check(["explain"], facts + ["from POLLUX_BACKEND"], 1, {"POLLUX_BACKEND": "nosuch"})
        self.check(["explain", "nosuch"], facts + ["from the command line"], 1)

    def test_invalid_value(self):
        self.check(["explain", "a++b"], ['cannot use backend "a++b"', "the name of a layer or backend is missing"], 1)


class List(unittest.TestCase):
    def test_backends_with_their_capabilities(self):
        outcome = run("list")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertEqual(outcome.stderr, "")
        for line in [r"epoll +100  yes +/.*/libpollux-epoll\.so", r"poll_fallback +0  yes +/",
                     r"poll_fallback +emulated +native +unsupported", r"poll_fallback: edge unsupported: \w+",
                     r"A program gets epoll here"]:
            self.assertRegex(outcome.stdout, line)

    def test_markdown_has_capabilities_and_no_file(self):
        outcome = run("list", "--markdown")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertEqual(outcome.stderr, "")
        for line in [r"(?m)^\| backend \| oneshot \|", r"(?m)^\|---\|", r"(?m)^\| epoll \| native \|",
                     r"(?m)^- poll_fallback: edge unsupported: \w+"]:
            self.assertRegex(outcome.stdout, line)
        self.assertNotIn(".so", outcome.stdout)

    def test_broken_plugin_beside_others(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "libpollux-broken.so").write_text("not a shared object")
            outcome = run("list", variables={"POLLUX_PLUGIN_PATH": folder})
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertRegex(outcome.stdout, r"epoll +100  yes")
        self.assertRegex(outcome.stdout, r"broken +-  no +/.*/libpollux-broken\.so")
        self.assertRegex(outcome.stdout, r"broken: not usable: \w+")

    def test_names_without_loading(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ["raises", "exits", "hangs"]:
                shutil.copy(HOSTILE / f"libpollux-{name}.so", folder)
            pathlib.Path(folder, "libpollux-epoll.so").write_text("hides the installed one")
            outcome = run("list", "--names", variables={"POLLUX_PLUGIN_PATH": folder, "POLLUX_BACKEND": "raises"})
        self.assertEqual((outcome.returncode, outcome.stderr), (0, ""), outcome)
        names = outcome.stdout.splitlines()
        self.assertEqual(names, sorted(set(names)))
        self.assertLessEqual({"epoll", "exits", "hangs", "poll_fallback", "raises", "trace"}, set(names))
        for other in ["--json", "--markdown", "--options"]:
            self.assertEqual(run("list", "--names", other).returncode, 2)

    def test_requested_backend_that_is_not_installed(self):
        outcome = run("list", variables={"POLLUX_BACKEND": "nosuch"})
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertRegex(outcome.stdout, r"epoll +100  yes")
        self.assertIn('cannot open backend "nosuch" (from POLLUX_BACKEND)', outcome.stderr)

    def test_backend_that_does_not_open(self):
        outcome = run("list", variables={"POLLUX_PLUGIN_PATH": FIXTURES, "POLLUX_BACKEND": "open_fails,open_silent"})
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertRegex(outcome.stdout, r"open_fails +-\d+  no +/.*/libpollux-open_fails\.so")
        self.assertRegex(outcome.stdout, r"open_fails: not usable: fixture_setup: Permission denied")
        self.assertRegex(outcome.stdout, r"open_silent: not usable: open failed and gave no reason")
        self.assertIn('cannot open any backend of "open_fails,open_silent" (from POLLUX_BACKEND)', outcome.stderr)


class Explain(unittest.TestCase):
    def test_automatic_choice(self):
        outcome = run("explain")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertRegex(outcome.stdout, r'opened backend "epoll" for "auto"')
        self.assertRegex(outcome.stdout, r"libpollux-epoll\.so: opened")
        self.assertRegex(outcome.stdout, r"not tried: .*libpollux-poll_fallback\.so: rank 0")
        self.assertRegex(outcome.stdout, r"winner: epoll, rank 100")

    def test_list_in_its_order(self):
        outcome = run("explain", "nosuch,poll_fallback,epoll")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertRegex(outcome.stdout, r"(?s)nosuch: no libpollux-nosuch\.so.*libpollux-poll_fallback\.so: opened")
        self.assertIn("winner: poll_fallback", outcome.stdout)

    def test_argument_precedes_the_environment(self):
        outcome = run("explain", "epoll", variables={"POLLUX_BACKEND": "nosuch"})
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn('"epoll" (from the command line)', outcome.stdout)


    def test_needs(self):
        outcome = run("explain", "poll_fallback,epoll", "--needs", "edge,priority")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertRegex(outcome.stdout, r"backend poll_fallback does not offer edge, which the program needs: \w+")
        self.assertIn("winner: epoll", outcome.stdout)
        outcome = run("explain", "poll_fallback", "--needs", "edge")
        self.assertEqual((outcome.returncode, outcome.stdout), (1, ""), outcome)
        outcome = run("explain", "--needs", "edge,speed")
        self.assertEqual(outcome.returncode, 2, outcome)
        self.assertIn('--needs: expected of oneshot, level, edge, pipes, files and priority, seen "speed"',
                      outcome.stderr)


class Conformance(unittest.TestCase):
    def test_arguments_are_forwarded(self):
        outcome = run("conformance", "epoll", "--gtest_list_tests")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn("epoll", outcome.stdout)
        self.assertNotEqual(run("conformance", "nosuch").returncode, 0)


class Help(unittest.TestCase):
    def test_help_and_version(self):
        outcome = run("--help")
        self.assertEqual(outcome.returncode, 0)
        for word in ["list", "explain", "conformance", "demo", "POLLUX_BACKEND", "POLLUX_PLUGIN_PATH"]:
            self.assertIn(word, outcome.stdout)
        self.assertIn("--connections", run("demo", "--help").stdout)


class Version(unittest.TestCase):
    def test_facts(self):
        for command in ["version", "--version"]:
            outcome = run(command)
            self.assertEqual((outcome.returncode, outcome.stderr), (0, ""), outcome)
            self.assertRegex(outcome.stdout, r"\Apollux \d+\.\d+\.\d+\n"
                                             r"interface version: \d+\n"
                                             r"compiler: (GCC|clang) \d.*\n"
                                             r"standard library: lib(std)?c\+\+ \d+\n"
                                             r"conformance suite: included\n"
                                             r"(plugins: /.+\n)+\Z")

    def test_folders_are_those_that_are_searched(self):
        with tempfile.TemporaryDirectory() as folder:
            variables = {"POLLUX_PLUGIN_PATH": f"{folder}:relative", "POLLUX_BACKEND": "nosuch"}
            lines = run("version", variables=variables).stdout.splitlines()
            searched = re.findall(r"(?m)^  searched: (.*)$", run("explain", "epoll", variables=variables).stdout)
        self.assertEqual(searched[0], folder)
        self.assertEqual([line for line in lines if line.startswith("plugins: ")], [f"plugins: {each}" for each in searched])
        self.assertTrue(lines[-1].startswith('note: ignored "relative" of POLLUX_PLUGIN_PATH'), lines)

    def test_no_plugin_is_loaded(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ["raises", "exits", "hangs"]:
                shutil.copy(HOSTILE / f"libpollux-{name}.so", folder)
            outcome = run("version", variables={"POLLUX_PLUGIN_PATH": folder, "POLLUX_BACKEND": "raises"})
        self.assertEqual(outcome.returncode, 0, outcome)


class Suggestions(unittest.TestCase):
    def check(self, arguments, suggested, status=2, variables=None):
        outcome = run(*arguments, variables=variables)
        self.assertEqual(outcome.returncode, status, outcome)
        found = re.findall('did you mean "([^"]*)"', outcome.stderr)
        self.assertEqual(found, suggested, outcome)

    def test_commands(self):
        for word, command in [("lst", "list"), ("explian", "explain"), ("dmeo", "demo"), ("conformence", "conformance"),
                              ("verson", "version"), ("News", "new")]:
            self.check([word], [command])
        for word in ["nothing", "x", "xy", "lis\x1b[2J", "l" * 100000]:
            self.check([word], [])

    def test_options(self):
        self.check(["--verison"], ["--version"])
        self.check(["list", "--jsn"], ["--json"])
        self.check(["demo", "--conections=5", "--secnds", "3"], ["--connections", "--seconds"])
        self.check(["demo", "--nothing"], [])
        self.check(["explain", "--needs", "edg"], ["edge"])
        self.check(["conformance", "epoll", "--brif"], ["--brief"])

    def test_backends(self):
        for value, suggested in [("epol", ["epoll"]), ("Epoll", ["epoll"]), ("polfallback", ["poll_fallback"]),
                                 ("auot", ["auto"]), ("trce+epoll?batch=3", ["trace"]), ("epol, epol", ["epoll"]),
                                 ("nothing", []), ("/tmp/epol", []), ("e", []), (",", []), ("xy", [])]:
            self.check(["explain", value], suggested, 1)
            self.check(["explain"], suggested, 1, {"POLLUX_BACKEND": value})
            self.check(["list"], suggested, 1, {"POLLUX_BACKEND": value})
        self.check(["demo", "--backend", "epol"], ["epoll"], 1)
        self.check(["explain", "epoll"], ["trace"], 1, {"POLLUX_LAYERS": "trac"})
        self.check(["conformance", "epol"], ["epoll"])
        self.check(["explain", "--json", "epol"], ["epoll"], 1)
        outcome = run("explain", "epol,epoll")
        self.assertEqual((outcome.returncode, outcome.stderr), (0, ""), outcome)


if __name__ == "__main__":
    unittest.main()
