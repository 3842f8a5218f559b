# SPDX-License-Identifier: BSL-1.0
"""Tests of expectations, levels, explanations and reports of the conformance program.

The environment is that of program_test.py, and SCHEMA is the schema of the reports in JSON.
"""
import html.parser
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from program_test import CRASHED, last_line, run

try:
    import jsonschema
except ImportError:  # a Debian package that `./dev setup` installs
    jsonschema = None

MODIFY = "--gtest_filter=modify.replaces:add.reports:wake.next"


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, text, name="expected.txt"):
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return str(file)

    def misbehaving(self, how="crash"):
        return f"{os.environ['MISBEHAVING']}?how={how}+epoll"


class Expectations(InFolder):
    def test_an_expected_failure_is_no_error(self):
        for arguments in ([f"--expect={self.write('modify.replaces it ends')}"], ["--expect", self.write("modify.replaces it ends")]):
            for more in ([], ["--jobs=1"]):
                outcome = run(self.misbehaving(), MODIFY, *arguments, *more)
                self.assertEqual(outcome.returncode, 0, outcome)
                self.assertIn("2 rules passed, 0 failed, 0 declared unsupported, 1 expected failure\n", outcome.stdout)
                self.assertIn("    expected failure: modify.replaces\n        it ends\n", outcome.stdout)
                self.assertRegex(outcome.stdout, "seen: its process " + CRASHED)

    def test_an_unexpected_pass_is_an_error(self):
        file = self.write("# a comment\n\nadd.reports never\n")
        for more in ([], ["--in-process"]):
            outcome = run("epoll", MODIFY, f"--expect={file}", *more)
            self.assertEqual(outcome.returncode, 1, outcome)
            self.assertIn(f"{file}:3: Failure", outcome.stdout)
            self.assertIn("1 unexpected pass\n", outcome.stdout)
            self.assertEqual(last_line(outcome), "not as expected: epoll (keeps 1 rule unexpectedly)")

    def test_a_brief_run_may_keep_a_rule_that_is_broken_in_full(self):
        file = self.write("modify.replaces@full it has more rounds")
        self.assertEqual(run("epoll", MODIFY, f"--expect={file}", "--brief").returncode, 0)
        self.assertEqual(run("epoll", MODIFY, f"--expect={file}").returncode, 1)
        for more in ["--brief"], []:
            self.assertEqual(run(self.misbehaving(), MODIFY, f"--expect={file}", *more).returncode, 0)

    def test_a_rule_that_is_unsupported_is_an_unexpected_pass(self):
        outcome = run("poll_fallback", "--gtest_filter=edge.once", f"--expect={self.write('edge.once no edges')}")
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertIn("seen: it is declared unsupported", outcome.stdout)

    def test_other_failures_remain_errors(self):
        outcome = run(self.misbehaving(), MODIFY, f"--expect={self.write('add.duplicate a rule that is not run')}")
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertRegex(last_line(outcome), r"^NOT conformant: .* \(breaks 1 rule\)$")

    def test_a_subject_may_be_named(self):
        name = "misbehaving?how=abort+epoll"
        file = self.write(f"{name}/modify.replaces  it aborts  \n")
        outcome = run(self.misbehaving("abort"), "epoll", MODIFY, f"--expect={file}")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn("        it aborts\n", outcome.stdout)
        self.assertIn("\nepoll: 3 rules passed, 0 failed, 0 declared unsupported\n", outcome.stdout)

    def test_in_process(self):
        # A rule that fails without ending its process.
        file = self.write("modify.replaces it refuses")
        outcome = run(self.misbehaving("refuse"), MODIFY, "--in-process", f"--expect={file}")
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn("1 expected failure", outcome.stdout)

    def test_misuse(self):
        for text, line, fact in [("# one\nadd.nosuch why\n", 2, 'expected the name of a rule, seen "add.nosuch"'),
                                 ("add.reports\n", 1, 'expected a reason after "add.reports"'),
                                 ("add.reports a\n\n  add.reports b\n", 3, '"add.reports" is also in line 1')]:  # fmt: skip
            file = self.write(text)
            outcome = run("epoll", MODIFY, f"--expect={file}")
            self.assertEqual(outcome.returncode, 2, outcome)
            self.assertIn(f"{file}:{line}: {fact}", outcome.stderr)

    def test_all_faults_are_reported(self):
        outcome = run("epoll", f"--expect={self.write('a.b c' + chr(10) + 'd.e f')}")
        self.assertEqual((outcome.returncode, len(outcome.stderr.splitlines())), (2, 2), outcome)

    def test_a_file_that_cannot_be_read(self):
        outcome = run("epoll", MODIFY, f"--expect={self.folder / 'nosuch'}")
        self.assertEqual(outcome.returncode, 2, outcome)
        self.assertIn("cannot read ", outcome.stderr)
        self.assertIn("No such file or directory", outcome.stderr)
        self.assertEqual(run("epoll", "--expect").returncode, 2)


class OfHtml(html.parser.HTMLParser):
    """Collects what a page refers to, and checks that its elements are closed."""

    def __init__(self):
        super().__init__()
        self.open, self.references = [], []

    def handle_starttag(self, tag, attrs):
        self.references += [value for name, value in attrs if name in ("href", "src", "action", "background", "srcset")]
        if tag not in ("meta", "br", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


class Reports(InFolder):
    def reports(self, *arguments):
        files = {kind: self.folder / f"report.{kind}" for kind in ("json", "xml", "md", "html")}
        outcome = run(*arguments, *(f"--report={file}" for file in files.values()))
        self.assertEqual(sorted(os.listdir(self.folder)), sorted({file.name for file in files.values()} |
                                                                 {name for name in os.listdir(self.folder) if name == "expected.txt"}))
        return outcome, {kind: file.read_text(encoding="utf-8") for kind, file in files.items()}

    def json_of(self, text):
        document = json.loads(text)
        if jsonschema:
            jsonschema.validate(document, json.loads(pathlib.Path(os.environ["SCHEMA"]).read_text(encoding="utf-8")))
        return document

    def test_schema_is_strict(self):
        if not jsonschema:
            self.skipTest("there is no Python package jsonschema")
        _, texts = self.reports("epoll", MODIFY)
        document = self.json_of(texts["json"])
        for change in (lambda: document.pop("run"), lambda: document["subjects"][0]["rules"][0].update(more=1),
                       lambda: document["subjects"][0]["rules"][0].update(outcome="broken")):  # fmt: skip
            before = json.dumps(document)
            change()
            with self.assertRaises(jsonschema.ValidationError):
                self.json_of(json.dumps(document))
            document = json.loads(before)

    def test_a_crash_and_an_expectation(self):
        file = self.write("wake.next <it> & \"that\" |\\` \u00e4\n")
        outcome, texts = self.reports(self.misbehaving(), "poll_fallback", MODIFY + ":edge.once", "--brief",
                                      f"--expect={file}", "--gtest_repeat=2")  # fmt: skip
        self.assertEqual(outcome.returncode, 1, outcome)
        document = self.json_of(texts["json"])
        self.assertEqual((document["run"]["mode"], document["run"]["iterations"], document["run"]["status"]), ("brief", 2, 1))
        self.assertRegex(document["versions"]["compiler"], r"(GCC|clang) \d+")
        self.assertEqual(document["system"]["kernel"], f"{os.uname().sysname} {os.uname().release}")
        crashing, fallback = document["subjects"]
        self.assertEqual(crashing["verdict"], {"kind": "not conformant", "text": "NOT conformant (breaks 1 rule, keeps 1 rule unexpectedly)"})
        self.assertEqual([plugin["name"] for plugin in crashing["plugins"]], ["misbehaving", "epoll"])
        self.assertEqual(crashing["plugins"][0]["options"], {"how": "crash"})
        self.assertEqual(fallback["capabilities"]["edge"]["support"], "unsupported")
        self.assertIn("poll(2)", fallback["capabilities"]["edge"]["reason"])
        rules = {rule["rule"]: rule for rule in crashing["rules"]}
        broken = rules["modify.replaces"]
        self.assertEqual((broken["outcome"], broken["level"], broken["runs"], broken["errors"]), ("failed", "must", 2, 2))
        self.assertRegex(broken["failures"][0]["text"], "seen: its process " + CRASHED)
        self.assertRegex(broken["failures"][0]["text"], r"completed calls before:\n    \S+ \S+ ago: add\(\d+, \{token 1, readable, oneshot\}\): success, took ")
        self.assertIn("cancelled request", broken["what_commonly_breaks_it"])
        self.assertEqual(rules["wake.next"]["outcome"], "unexpected pass")
        self.assertEqual(rules["add.duplicate"]["outcome"], "not run")
        self.assertGreater(rules["add.reports"]["duration_ms"], 0)
        self.assertEqual(crashing["expectations"][0]["reason"], "<it> & \"that\" |\\` \u00e4")
        self.assertEqual({rule["rule"]: rule["outcome"] for rule in fallback["rules"]}["edge.once"], "declared unsupported")
        self.assertEqual(crashing["counts"]["failed"], 1)

        suites = xml.etree.ElementTree.fromstring(texts["xml"])
        self.assertEqual((suites.tag, suites.get("failures")), ("testsuites", "3"))
        first = suites[0]
        self.assertEqual(int(first.get("tests")), len(first.findall("testcase")))
        self.assertEqual(int(first.get("failures")), len(first.findall("testcase/failure")))
        self.assertEqual(int(first.get("skipped")), len(first.findall("testcase/skipped")))
        properties = {node.get("name"): node.get("value") for node in first.find("properties")}
        self.assertEqual((properties["mode"], properties["contract"]), ("brief", document["versions"]["contract"]))
        self.assertIn("<it> & \"that\" |\\` \u00e4", [node.get("value") for node in first.iter("property")])

        page = OfHtml()
        page.feed(texts["html"])
        self.assertEqual((page.open, page.references), ([], []))
        self.assertNotIn("<it>", texts["html"])
        self.assertNotRegex(texts["html"], r"https?:|url\(|@import")
        for text in (texts["html"], texts["md"]):
            for fact in ("misbehaving?how=crash+epoll", "SIGSEGV" if "SIGSEGV" in outcome.stdout else "exits with status", "brief", "keeps 1 rule unexpectedly"):
                self.assertIn(fact, text)
        self.assertIn(r"\<it\>", texts["md"])

    def test_an_earlier_report_is_replaced_when_the_new_one_is_complete(self):
        file = self.folder / "report.json"
        file.write_text("old")
        os.chmod(self.folder, 0o755)
        self.assertEqual(run("epoll", "--gtest_filter=nosuch", f"--report={file}").returncode, 2)
        self.assertEqual(file.read_text(), "old")
        self.assertEqual(run("epoll", MODIFY, f"--report={file}").returncode, 0)
        self.json_of(file.read_text())

    def test_a_report_that_cannot_be_written(self):
        file = self.folder / "nosuch" / "report.json"
        outcome = run("epoll", MODIFY, f"--report={file}", f"--report={self.folder / 'other.md'}")
        self.assertEqual(outcome.returncode, 2, outcome)
        self.assertRegex(outcome.stderr, "cannot write the report .*report.json.*: No such file or directory")
        self.assertEqual(os.listdir(self.folder), ["other.md"])
        (self.folder / "folder.json").mkdir()
        outcome = run("epoll", MODIFY, f"--report={self.folder / 'folder.json'}")
        self.assertEqual(outcome.returncode, 2, outcome)
        self.assertRegex(outcome.stderr, "rename: Is a directory")
        self.assertEqual(sorted(os.listdir(self.folder)), ["folder.json", "other.md"])

    @unittest.skipUnless(pathlib.Path("/dev/full").exists(), "there is no /dev/full")
    def test_a_full_disk(self):
        os.symlink("/dev/full", self.folder / "report.json.unfinished")
        outcome = run("epoll", MODIFY, f"--report={self.folder / 'report.json'}")
        self.assertEqual(outcome.returncode, 2, outcome)
        self.assertIn("write: No space left on device", outcome.stderr)
        self.assertEqual(os.listdir(self.folder), [])

    def test_misuse(self):
        for option in ("--report=report.txt", "--report=.json", "--report=", "--report=report"):
            outcome = run("epoll", MODIFY, option)
            self.assertEqual(outcome.returncode, 2, outcome)
            self.assertIn("--report: expected ", outcome.stderr)


class Explanations(unittest.TestCase):
    def rules(self):
        group, found = "", []
        for line in run("epoll", "--gtest_list_tests").stdout.splitlines():
            if line.startswith("epoll/"):
                group = line.removeprefix("epoll/").strip()
            elif line.startswith("  "):
                found.append(group + line.strip())
        return found

    def test_every_rule_is_explained(self):
        for rule in self.rules():
            outcome = run("--explain", rule)
            self.assertEqual(outcome.returncode, 0, outcome)
            self.assertRegex(outcome.stdout, rf"^{re.escape(rule)} \((must|should|recorded), since contract \d+\.\d+(-draft)?\)\n\n    \S.*\n(    .*\n)*\n"
                             r"Why it matters:\n(    \S.*\n)+\nWhat commonly breaks it:\n(    \S.*\n)+$")  # fmt: skip
        self.assertEqual(run(f"--explain={rule}").stdout, outcome.stdout)

    def test_misuse(self):
        outcome = run("--explain", "add.nosuch")
        self.assertEqual(outcome.returncode, 2)
        self.assertIn("its group has add.reports, ", outcome.stderr)
        self.assertEqual(run("--explain", "nosuch").returncode, 2)
        self.assertEqual(run("--explain").returncode, 2)

    def test_version(self):
        outcome = run("--version")
        self.assertEqual(outcome.returncode, 0)
        self.assertRegex(outcome.stdout, r"^suite: \d+\.\d+\.\d+\ncontract: \d+\.\d+\ncompiler: .+\nstandard_library: .+\n$")

    def test_help_has_the_exit_statuses(self):
        outcome = run("--help")
        self.assertEqual(outcome.returncode, 0)
        for status in range(4):
            self.assertRegex(outcome.stdout, rf"\n  {status}  \w")


class Levels(InFolder):
    def levels(self, how, *arguments):
        return subprocess.run([os.environ["LEVELS"], how, *arguments], capture_output=True, text=True, timeout=300, check=False)

    def test_each_level(self):
        file = self.folder / "report.json"
        for more in ([], ["--in-process"]):
            outcome = self.levels("recorded", "--gtest_filter=levels.*", f"--report={file}", *more)
            self.assertEqual(outcome.returncode, 0, outcome)
            self.assertIn("epoll: 1 rules passed, 0 failed, 0 declared unsupported, 1 falls short, 1 recorded\n", outcome.stdout)
            self.assertIn("    falls short: levels.should\n", outcome.stdout)
            self.assertIn("    recorded: levels.recorded: figure: 17\n", outcome.stdout)
            rules = {rule["rule"]: rule for rule in json.loads(file.read_text())["subjects"][0]["rules"]}
            self.assertEqual([rules[f"levels.{level}"]["level"] for level in ("must", "should", "recorded")], ["must", "should", "recorded"])
            self.assertEqual(rules["levels.should"]["outcome"], "falls short")
            self.assertEqual(rules["levels.recorded"]["measurements"], {"figure": "17"})

    def test_must(self):
        self.assertEqual(self.levels("must", "--gtest_filter=levels.*").returncode, 1)
        outcome = self.levels("none", "--gtest_filter=levels.*")
        self.assertIn("epoll: 2 rules passed, 0 failed, 0 declared unsupported, 1 recorded\n", outcome.stdout)

    def test_a_recommendation_may_be_expected_to_be_broken(self):
        file = self.write("levels.should for a reason")
        self.assertEqual(self.levels("recorded", "--gtest_filter=levels.should", f"--expect={file}").returncode, 0)
        self.assertEqual(self.levels("none", "--gtest_filter=levels.should", f"--expect={file}").returncode, 1)


class Limits(InFolder):
    """Abilities that a subject declares to lack: rules that need them are unsupported, others take what is offered."""

    def limited(self, lacks, *arguments, lies=""):
        return run(f"{os.environ['LIMITED']}?lacks={lacks}{lies}+epoll", "--brief", *arguments)

    def check(self, lacks, unsupported, passing):
        outcome = self.limited(lacks, "--gtest_filter=" + ":".join(unsupported + passing))
        self.assertEqual(outcome.returncode, 0, outcome)
        self.assertIn(f"\n    unsupported: {', '.join(sorted(unsupported))}\n        an option of the layer limited\n", outcome.stdout)
        self.assertIn(f": {len(passing)} rules passed, 0 failed, {len(unsupported)} declared unsupported", outcome.stdout)

    def test_each(self):
        self.check("oneshot", ["oneshot.once", "scale.many_sources"], ["add.reports", "timeout.zero", "buffer.empty", "selector.idle"])
        self.check("level", ["level.repeats", "buffer.fair"], ["add.tokens", "selector.no_leak"])
        self.check("threads", ["add.while_asleep", "threads.concurrent_changes"], ["wake.asleep", "level.repeats", "modify.rearms"])
        self.check("flags", ["add.does_not_change_the_source"], ["add.reports"])
        self.check("closed", ["close.while_registered"], ["reuse.new_token"])
        self.check("numbers", ["scale.many_sources"], ["add.not_open"])

    def test_all_rules_on_a_thread_and_a_mode(self):
        for lacks in ("threads", "level"):
            outcome = self.limited(lacks)
            self.assertEqual(outcome.returncode, 0, outcome)

    def test_the_refusal_is_checked(self):
        for lacks, rule in (("oneshot", "oneshot.once"), ("level", "buffer.fair"), ("threads", "threads.exit"), ("numbers", "scale.many_sources")):
            outcome = self.limited(lacks, f"--gtest_filter={rule}", lies="&lies=1")
            self.assertEqual(outcome.returncode, 1, outcome)
            self.assertIn("expected: Operation not supported\n    seen: success", outcome.stdout)


class Failures(InFolder):
    """What is printed of a rule that fails."""

    def test_a_failure_has_its_calls_and_causes(self):
        for more in ([], ["--in-process"]):
            outcome = run(self.misbehaving("refuse"), "--gtest_filter=modify.replaces", *more)
            self.assertEqual(outcome.returncode, 1, outcome)
            self.assertRegex(outcome.stdout, r"expected: modify\(\) succeeds\n    seen: [^\n]+\n(    [^\n]+\n)*calls before:\n"
                             r"    \S+ \S+ ago: add\(\d+, \{token 1, readable, oneshot\}\): success, took \S+ \S+\n"
                             r"    \S+ \S+ ago: modify\(\d+, \{token 2, writable, oneshot\}\): [^\n]+, took \S+ \S+\n")  # fmt: skip
            self.assertIn("what commonly breaks it: A cancelled request", outcome.stdout)
            self.assertIn("--explain modify.replaces", outcome.stdout)

    def test_a_failure_states_how_long_select_took(self):
        outcome = run(self.misbehaving("refuse"), "--gtest_filter=modify.pauses")
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertRegex(outcome.stdout, r"select\(\) took \S+ (ns|us|ms|s)\n")
        self.assertRegex(outcome.stdout, r"ago: select\(room for 64, \S+ \S+\): (no event|\{token)")
        self.assertRegex(outcome.stdout, r"\n    when: (oneshot|level|edge)")

    def test_two_categories_with_equal_messages(self):
        outcome = run(self.misbehaving("translate"), "--gtest_filter=modify.unknown")
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertIn("the messages are equal, but the errors are of different categories: generic 2 and misbehaving 2", outcome.stdout)

    def test_progress(self):
        outcome = run("epoll", "--gtest_filter=add.reports:wake.next")
        self.assertIn("1 of 2 [ RUN      ] epoll/add.reports\n", outcome.stdout)
        self.assertIn("2 of 2 [ RUN      ] epoll/wake.next\n", outcome.stdout)


if __name__ == "__main__":
    unittest.main()
