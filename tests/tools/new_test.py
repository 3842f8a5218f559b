# SPDX-License-Identifier: BSL-1.0
"""Tests of pollux new: its files and its refusals. tests/package tests that the project works."""
import os
import pathlib
import tempfile
import unittest

from running import run


class New(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def run_here(self, *arguments):
        return run("new", *arguments, cwd=self.scratch)

    def check_refusal(self, arguments, facts, status):
        """Expects one message, and no change."""
        before = self.tree()
        outcome = self.run_here(*arguments)
        self.assertEqual((outcome.returncode, outcome.stdout), (status, ""), outcome)
        self.assertTrue(outcome.stderr.startswith("pollux: "), outcome.stderr)
        self.assertEqual(outcome.stderr.count("pollux: "), 1, outcome.stderr)
        for fact in facts:
            self.assertIn(fact, outcome.stderr)
        self.assertEqual(self.tree(), before)

    def tree(self):
        return {path.relative_to(self.scratch): path.read_text() if path.is_file() else None
                for path in self.scratch.rglob("*")}

    def check_project(self, folder, name):
        self.assertEqual(sorted(os.listdir(folder)), ["CMakeLists.txt", "README.md", name + ".cpp"])
        for file in folder.iterdir():
            text = file.read_text()
            self.assertIn(name, text)
            self.assertNotIn("@NAME@", text)
        self.assertIn(f"pollux_add_plugin({name} {name}.cpp)", (folder / "CMakeLists.txt").read_text())
        self.assertIn(f'POLLUX_DESCRIBE_PLUGIN("{name}", ', (folder / (name + ".cpp")).read_text())

    def test_project_named_for_the_plugin(self):
        outcome = self.run_here("mine_2")
        self.assertEqual((outcome.returncode, outcome.stderr), (0, ""), outcome)
        self.assertIn("mine_2/build --target conformance", outcome.stdout)
        self.check_project(self.scratch / "mine_2", "mine_2")

    def test_project_over_callbacks(self):
        outcome = self.run_here("theirs", "--callback")
        self.assertEqual((outcome.returncode, outcome.stderr), (0, ""), outcome)
        self.assertIn("behind callbacks", outcome.stdout)
        self.check_project(self.scratch / "theirs", "theirs")
        self.assertIn("CallbackSelector<Library>", (self.scratch / "theirs" / "theirs.cpp").read_text())

    def test_project_in_a_folder(self):
        outcome = self.run_here("mine", "--dir", "else where")
        self.assertEqual((outcome.returncode, outcome.stderr), (0, ""), outcome)
        self.check_project(self.scratch / "else where", "mine")

    def test_longest_name(self):
        self.assertEqual(self.run_here("n" * 64).returncode, 0)
        self.check_refusal(["n" * 65], ["64 characters"], 2)

    def test_bad_names(self):
        for name in ["", "Mine", "my-backend", "a/b", "../a", ".", "a b", "a.b", "ä", "@NAME@"]:
            self.check_refusal([name], [f'"{name}"', "lower-case letters, digits"], 2)

    def test_taken_names(self):
        for name in ["auto", "epoll", "poll_fallback", "io_uring", "asio", "kqueue", "iocp"]:
            self.check_refusal([name], [f'"{name}"', "taken"], 2)

    def test_no_name(self):
        self.check_refusal([], ["NAME"], 2)

    def test_existing_files_are_kept(self):
        (self.scratch / "full").mkdir()
        (self.scratch / "full" / "mine.cpp").write_text("precious")
        (self.scratch / "empty").mkdir()
        (self.scratch / "file").write_text("precious")
        (self.scratch / "nowhere").symlink_to("gone")
        for folder in ["full", "empty", "file", "nowhere"]:
            self.check_refusal(["mine", "--dir", folder], [f'"{folder}"'], 1)
        (self.scratch / "mine").mkdir()
        self.check_refusal(["mine"], ['"mine"', "exists"], 1)

    def test_folder_that_cannot_be_made(self):
        self.check_refusal(["mine", "--dir", "no/such"], ['"no/such"', "No such file or directory"], 1)
        (self.scratch / "file").write_text("")
        self.check_refusal(["mine", "--dir", "file/mine"], ['"file/mine"', "Not a directory"], 1)

    def test_full_disk(self):
        def no_files():
            import resource  # of POSIX
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))  # room for the first file, not for the second

        before = self.tree()
        outcome = run("new", "mine", cwd=self.scratch, preexec_fn=no_files)
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertIn("cannot write", outcome.stderr)
        self.assertIn("mine.cpp: File too large", outcome.stderr)
        self.assertEqual(self.tree(), before)


if __name__ == "__main__":
    unittest.main()
