# SPDX-License-Identifier: BSL-1.0
"""Tests of ./dev setup and ./dev install: what they install, and their messages, with fake apt-get, dpkg-query, id and sudo on PATH."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ["bash", "cat", "dirname", "env", "grep", "mkdir", "mktemp", "nproc", "printf", "rm", "sed", "sort", "tail", "tee", "tr"]
FOR_DEMO = ["g++", "cmake", "ninja-build", "pkg-config", "libcli11-dev", "libfmt-dev", "liburing-dev"]
FOR_TEST = FOR_DEMO + ["python3", "python3-jsonschema", "binutils", "libgtest-dev", "libev-dev", "libevent-dev", "libuv1-dev"]

# The output of apt-get if it may remove nothing.
CONFLICT = """\
The following packages will be REMOVED:
  libmine-dev libmine1.74-dev
The following NEW packages will be installed:
  libboost-dev
E: Packages need to be removed but remove is disabled.
"""


class Machine:
    """A Machine is a folder of fake programs, which is all of PATH, and a log of their calls."""

    def __init__(self, installed, user=0, sudo=None, apt="", apt_status=0, boost=0):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pollux-dev-"))
        self.log = self.folder / "log"
        self.log.touch()
        for tool in TOOLS:
            found = shutil.which(tool)
            (self.folder / tool).symlink_to(found)
        (self.folder / "answer").write_text(apt, encoding="utf-8")
        packages = "".join(f"installed {package} {version}\n" for package, version in installed.items())
        (self.folder / "packages").write_text("config-files libfmt-dev 9\n" + packages, encoding="utf-8")
        self.program("dpkg-query", f'cat "{self.folder}/packages"')
        self.program("id", f"echo {user}")
        self.program("c++", f"echo {boost}")
        self.program("apt-get", f'echo "apt-get $*" >>"{self.log}"\n[ "$1" = update ] || {{ cat "{self.folder}/answer"; '
                                f"exit {apt_status}; }}")  # fmt: skip
        if sudo is not None:
            self.program("sudo", f'echo "sudo $*" >>"{self.log}"\n{sudo}')
        self.program("cmake", f'echo "cmake $*" >>"{self.log}"\nexit 1')

    def program(self, name, text):
        file = self.folder / name
        file.write_text(f"#!{shutil.which('bash')}\n{text}\n", encoding="utf-8")
        file.chmod(0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def run(self, *arguments, **options):
        outcome = subprocess.run([shutil.which("bash"), SOURCE / "dev", *arguments], text=True, timeout=60, check=False,
                                 capture_output=True, stdin=subprocess.DEVNULL, **options,
                                 env={"PATH": str(self.folder), "HOME": str(self.folder), "TMPDIR": str(self.folder)})  # fmt: skip
        outcome.calls = self.log.read_text(encoding="utf-8").splitlines()
        return outcome


def with_all(*but, **others):
    return {package: "1" for package in FOR_TEST if package not in but} | others


INSTALL = "apt-get install --no-install-recommends --no-remove"
INSTALL_NOW = "apt-get install -y -q --no-install-recommends --no-remove"


class Setup(unittest.TestCase):
    def test_nothing_is_missing(self):
        for boost in [{"libboost-dev": "1.74.0.3"}, {"libboost1.81-dev": "1.81.0-5+deb12u1"},
                      {"libboost1.74-dev": "1.74.0+ds1-21"}, {"libboost-dev": "1.83.0.2+b2"}, {"libboost-dev": "1.100"}]:  # fmt: skip
            with self.subTest(boost), Machine(with_all() | boost, user=1000) as machine:
                outcome = machine.run("setup")
                self.assertEqual((outcome.returncode, outcome.calls), (0, []), outcome)
                self.assertIn("all packages are installed for ./dev test", outcome.stdout)

    def test_boost_without_a_package(self):
        with Machine(with_all(), boost=107400) as machine:
            self.assertEqual((machine.run("setup").returncode, machine.run("setup").calls), (0, []))
        with Machine(with_all(), boost=107300) as machine:
            self.assertIn(f"{INSTALL_NOW} libboost-dev", machine.run("setup").calls)

    def test_an_old_boost_does_not_suffice(self):
        # Nor does one without headers.
        for package, version in [("libboost-dev", "1.67.0.1"), ("libboost-filesystem1.81-dev", "1.81.0")]:
            with Machine(with_all(**{package: version})) as machine:
                self.assertIn(f"{INSTALL_NOW} libboost-dev", machine.run("setup").calls)

    def test_only_what_is_missing_is_installed_and_nothing_removed(self):
        with Machine(with_all("libuv1-dev", "cmake", **{"libboost-dev": "1.83"}), apt="Setting up cmake ...\n") as machine:
            outcome = machine.run("setup", "test")
            self.assertEqual(outcome.returncode, 0, outcome)
            self.assertEqual(outcome.calls, ["apt-get update -qq", f"{INSTALL_NOW} cmake libuv1-dev"])
            self.assertIn("missing: cmake libuv1-dev", outcome.stdout)
            self.assertIn(f"running: {INSTALL} cmake libuv1-dev\n", outcome.stdout)
            self.assertIn("Setting up cmake ...", outcome.stdout, "apt-get's own words")

    def test_the_demo_needs_only_what_the_demo_needs(self):
        with Machine({"libboost-dev": "1.83"}) as machine:
            self.assertEqual(machine.run("setup", "demo").calls[-1], f"{INSTALL_NOW} {' '.join(FOR_DEMO)}")
        with Machine({package: "1" for package in FOR_DEMO} | {"libboost-dev": "1.83"}, user=1000) as machine:
            self.assertEqual(machine.run("setup", "demo").returncode, 0)

    def test_packages_in_conflict_are_reported_and_kept(self):
        with Machine(with_all(), apt=CONFLICT, apt_status=100) as machine:
            outcome = machine.run("setup", "test")
            self.assertEqual(outcome.returncode, 1, outcome)
            self.assertIn("these installed packages are in conflict, and were not removed: libmine-dev libmine1.74-dev",
                          outcome.stderr)  # fmt: skip
            self.assertIn("E: Packages need to be removed but remove is disabled.", outcome.stdout)
            self.assertIn(f"\n  {INSTALL} libboost-dev\n", outcome.stderr)
            self.assertNotIn("all packages are installed", outcome.stdout)

    def test_other_failures_are_reported(self):
        with Machine(with_all(), apt="E: Unable to locate package libboost-dev\n", apt_status=100) as machine:
            outcome = machine.run("setup", "test")
            self.assertEqual(outcome.returncode, 1, outcome)
            self.assertIn("E: Unable to locate package libboost-dev", outcome.stdout)
            self.assertIn("could not be installed", outcome.stderr)
            self.assertNotIn("in conflict", outcome.stderr)

    def test_without_root_and_sudo_nothing_is_attempted(self):
        for command in ["setup", "test"], ["setup"], ["test"], ["bench"], ["mutants"]:
            with self.subTest(command), Machine(with_all(), user=1000) as machine:
                outcome = machine.run(*command)
                self.assertEqual((outcome.returncode, outcome.calls), (1, []), outcome)
                self.assertIn("needs root or sudo", outcome.stderr)
                self.assertIn(f"\n  {INSTALL} libboost-dev\n", outcome.stderr)

    def test_with_sudo_it_prints_what_it_will_do(self):
        with Machine(with_all(), user=1000, sudo='exec "$@"') as machine:
            outcome = machine.run("setup")
            self.assertEqual(outcome.returncode, 0, outcome)
            self.assertIn(f"running: sudo {INSTALL} libboost-dev\n", outcome.stdout)
            self.assertEqual(outcome.calls[0], "sudo apt-get update -qq")
            self.assertIn(f"{INSTALL_NOW} libboost-dev", outcome.calls)

    def test_a_sudo_that_refuses(self):
        with Machine(with_all(), user=1000, sudo='echo "sudo: not in the sudoers file" >&2; exit 1') as machine:
            outcome = machine.run("setup")
            self.assertEqual(outcome.returncode, 1, outcome)
            self.assertIn("not in the sudoers file", outcome.stdout)
            self.assertIn(f"\n  {INSTALL} libboost-dev\n", outcome.stderr)

    def test_another_system_than_debian(self):
        with Machine({}) as machine:
            (machine.folder / "apt-get").unlink()
            outcome = machine.run("setup", "demo")
            self.assertEqual((outcome.returncode, outcome.calls), (1, []), outcome)
            for package in FOR_DEMO + ["libboost-dev"]:
                self.assertIn(f" {package}", outcome.stdout)
            # Other commands continue, since the packages may be there.
            self.assertIn("cmake", machine.run("demo").calls[0])

    def test_an_unknown_command(self):
        with Machine({}) as machine:
            outcome = machine.run("setup", "everything")
            self.assertEqual((outcome.returncode, outcome.calls), (2, []), outcome)
            self.assertIn("expected demo, install, test, bench, check or format", outcome.stderr)


class Install(unittest.TestCase):
    """./dev install, with a cmake that prints what it would install, and an ldconfig that searches /usr/lib."""

    def machine(self, missing=()):
        machine = Machine({package: "1" for package in [*FOR_DEMO, "libgtest-dev"] if package not in missing} | {"libboost-dev": "1.83"})
        machine.program("cmake", f'echo "cmake $*" >>"{machine.log}"\n'
                                 'for each in "$@"; do case $each in -DCMAKE_INSTALL_PREFIX=*) '
                                 f'echo "${{each#*=}}" >"{machine.folder}/prefix" ;; esac; done\n'
                                 f'[ "$1" != --install ] || echo "-- Installing: $(cat "{machine.folder}/prefix")/lib64/libpollux.so"')  # fmt: skip
        machine.program("ldconfig", f'echo "ldconfig $*" >>"{machine.log}"; echo "/usr/lib: (from here)"')
        return machine

    def test_it_builds_for_release_and_states_where_everything_is(self):
        with self.machine() as machine:
            prefix = machine.folder / "prefix folder"
            outcome = machine.run("install", str(prefix))
            self.assertEqual((outcome.returncode, outcome.stderr), (0, ""), outcome)
            steps = [call for call in outcome.calls if call.startswith("cmake")]
            self.assertRegex(steps[0], rf"--preset release -B build/install -DCMAKE_INSTALL_PREFIX={prefix} ")
            for part in ["BENCH", "TESTS"]:
                self.assertIn(f"-DPOLLUX_BUILD_{part}=OFF", steps[0])
            self.assertRegex(steps[1], r"--build build/install --parallel \d+$")
            self.assertEqual(steps[2:], ["cmake --install build/install"])
            for line in [f"libraries  {prefix}/lib64", f"plugins    {prefix}/lib64/pollux", f"export LD_LIBRARY_PATH={prefix}/lib64",
                         f"CMAKE_PREFIX_PATH={prefix} PKG_CONFIG_PATH={prefix}/lib64/pkgconfig",
                         f"export PATH={prefix}/bin:$PATH"]:  # fmt: skip
                self.assertIn(line, outcome.stdout)
            self.assertEqual(list(prefix.iterdir()), [], "a file to try whether it can be written")

    def test_the_loader_finds_the_libraries(self):
        for user, ran in [(0, True), (1000, False)]:
            with self.machine() as machine:
                machine.program("id", f"echo {user}")
                prefix = machine.folder / "other"
                outcome = machine.run("install", str(prefix))
                self.assertIn("export LD_LIBRARY_PATH", outcome.stdout)
                machine.program("ldconfig", f'echo "ldconfig $*" >>"{machine.log}"\necho "{prefix}/lib64: (from here)"')
                outcome = machine.run("install", str(prefix))
                self.assertNotIn("LD_LIBRARY_PATH", outcome.stdout)
                self.assertEqual("ldconfig " in outcome.calls, ran, outcome)
                self.assertEqual("by: sudo ldconfig" in outcome.stdout, not ran)

    def test_a_prefix_that_cannot_be_written_is_refused_before_the_build(self):
        with self.machine(missing=["libfmt-dev"]) as machine:
            prefix = machine.folder / "log" / "prefix"  # below a file
            outcome = machine.run("install", str(prefix))
            self.assertEqual((outcome.returncode, outcome.calls), (1, []), outcome)
            self.assertIn(f"cannot write in {prefix}; nothing was built", outcome.stderr)
            self.assertIn(f"\n  sudo ./dev install {prefix}\n", outcome.stderr)

    def test_a_relative_prefix_is_below_the_folder_of_the_caller(self):
        with self.machine() as machine:
            outcome = machine.run("install", "here/", cwd=machine.folder)
            self.assertIn(f"-DCMAKE_INSTALL_PREFIX={machine.folder}/here ", outcome.calls[0])

    def test_only_its_packages_are_installed(self):
        with self.machine(missing=["libgtest-dev"]) as machine:
            calls = machine.run("install", str(machine.folder / "prefix")).calls
            self.assertIn(f"{INSTALL_NOW} libgtest-dev", calls)

    def test_a_build_that_fails_is_reported(self):
        with self.machine() as machine:
            machine.program("cmake", f'echo "cmake $*" >>"{machine.log}"\n[ "$1" != --build ]')
            outcome = machine.run("install", str(machine.folder / "prefix"))
            self.assertEqual(outcome.returncode, 1, outcome)
            self.assertNotIn("cmake --install build/install", outcome.calls)
            self.assertNotIn("installed in", outcome.stdout)

    def test_arguments_that_are_no_prefix(self):
        for arguments in ["--prefix=/opt"], ["/opt", "/usr"]:
            with self.machine() as machine:
                outcome = machine.run("install", *arguments)
                self.assertEqual((outcome.returncode, outcome.calls), (2, []), outcome)
                self.assertIn("expected the prefix", outcome.stderr)


if __name__ == "__main__":
    os.environ.pop("CDPATH", None)
    unittest.main()
