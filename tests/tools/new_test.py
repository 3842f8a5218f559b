# SPDX-License-Identifier: BSL-1.0
"""Tests of pollux new: its files and its refusals. tests/package tests that the project works."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from running import COMMAND, environment, run

LIBRARIES = os.environ["POLLUX_LIBRARIES"]  # the folder of libraries below a prefix


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


# A package that has what the project uses, and builds a program instead of a plugin.
PACKAGE = """
function(pollux_add_plugin name)
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp" "int main() {}\\n")
  add_executable(pollux-${name} "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp")
endfunction()
"""


class Steps(unittest.TestCase):
    """The commands that are printed work as they are, where the command is installed with a package.

    tests/package runs them with the real package, and its suite.
    """

    def install(self, prefix):
        """Copies the command to a prefix, with a package beside it; returns its file."""
        programs, package = prefix / "bin", prefix / LIBRARIES / "cmake" / "pollux"
        programs.mkdir(parents=True)
        package.mkdir(parents=True)
        shutil.copy(COMMAND, programs)
        (package / "polluxConfig.cmake").write_text(PACKAGE)
        return programs / "pollux"

    def steps(self, prefix, folder, cmake):
        """`cmake`: what is run for it in the shell. Returns the printed commands, and what became of them."""
        with tempfile.TemporaryDirectory() as scratch:
            command = self.install(pathlib.Path(scratch) / prefix)
            new = subprocess.run([command, "new", "mine", *(["--dir=" + folder] if folder else [])], cwd=scratch,
                                 env=environment(), text=True, errors="surrogateescape", capture_output=True, timeout=100,
                                 check=False)
            self.assertEqual((new.returncode, new.stderr), (0, ""), new)
            self.assertNotRegex(new.stdout, r"[\x00-\x09\x0b-\x1f\x7f]", new)
            steps = [line for line in new.stdout.splitlines() if line.startswith("  ")]
            self.assertEqual(len(steps), 2, new)
            script = "\n".join(steps)
            shell = subprocess.run(["bash", "-ec", f"cmake() {{ {cmake} \"$@\"; }}\n{script}"], cwd=scratch, env=environment(), text=True,
                                   errors="surrogateescape", capture_output=True, timeout=100, check=False)
            return steps, shell

    def check(self, prefix, folder):
        """Expects that the last step calls the command with the built file, which the suite refuses."""
        steps, outcome = self.steps(prefix, folder, "command cmake")
        self.assertIn("Built target pollux-mine", outcome.stdout, outcome)
        self.assertIn(f"/{folder or 'mine'}/build/pollux-mine\" (from the program)", outcome.stderr, outcome)
        return steps

    def test_plain_names(self):
        steps = self.check("prefix", "")
        self.assertRegex(steps[0], r"^  cmake -S mine -B mine/build -DCMAKE_PREFIX_PATH=/\S+/prefix$")

    def test_names_with_blanks_and_quotes(self):
        steps = self.check("a prefix's home", "it's mine & \u00fc")
        self.assertIn("'-DCMAKE_PREFIX_PATH=", steps[0])

    def test_names_that_cannot_be_printed(self):
        # CMake fails in folders of some names.
        for folder in ["a\x1b[2J\tb\u202e", "\"mine\" $HOME `x` \\ !*", "'", "a'\n'b", os.fsdecode(b"\xff9")]:
            _, outcome = self.steps("prefix", folder, "printf '<%s>'")
            begin = f"<-S><{folder}><-B><{folder}/build><-DCMAKE_PREFIX_PATH=/"
            self.assertTrue(outcome.stdout.startswith(begin), outcome)

    def test_name_that_begins_like_an_option(self):
        self.check("prefix", "-x")

    def test_build_tree(self):
        with tempfile.TemporaryDirectory() as scratch:
            outcome = run("new", "mine", cwd=scratch)
        self.assertIn("This pollux is not installed", outcome.stdout)
        self.assertNotIn("-DCMAKE_PREFIX_PATH=/", outcome.stdout)


if __name__ == "__main__":
    unittest.main()
