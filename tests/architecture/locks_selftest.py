# SPDX-License-Identifier: BSL-1.0
"""locks_selftest.py <root> <clang++>: tests that the check "locks" finds what it has to find, and nothing else."""
import sys

sys.dont_write_bytecode = True
import json
import shutil
import tempfile
import unittest
from pathlib import Path

import locks
from tree import Tree

ROOT, CLANG = Path(), "clang++"
SOUND = """// SPDX-License-Identifier: BSL-1.0
#include <pollux/mutex.hpp>
using namespace pollux;
std::condition_variable changed;
class Sound {
  public:
    void add() {
        const MutexLock lock(mutex_);
        ++count_;
        pause();
        change([this]() POLLUX_REQUIRES(mutex_) { ++count_; });
        mutex_.wait(changed, [this]() POLLUX_REQUIRES(mutex_) { return count_ > 7; });
        changed.notify_all();
    }
  private:
    void change(auto&& step) POLLUX_REQUIRES(mutex_) { step(); }
    void pause() POLLUX_REQUIRES(mutex_) {
        mutex_.unlock();
        mutex_.lock();
    }
    Mutex mutex_;
    int count_ POLLUX_GUARDED_BY(mutex_) = 0;
};
void use() { Sound().add(); }
"""
# What is planted instead of a line, and what the fault states.
FAULTS = {
    "read without the lock": ("        pause();", "        mutex_.unlock();\n        if (count_ == 0) return mutex_.lock();\n        mutex_.lock();",
                              "reading variable 'count_' requires holding mutex 'mutex_'"),
    "write without the lock": ("        const MutexLock lock(mutex_);\n        ++count_;", "        ++count_;\n        const MutexLock lock(mutex_);",
                               "writing variable 'count_' requires holding mutex 'mutex_'"),
    "function that requires the lock": ("        const MutexLock lock(mutex_);\n        ++count_;\n        pause();",
                                        "        pause();\n        const MutexLock lock(mutex_);\n        ++count_;",
                                        "calling function 'pause' requires holding mutex 'mutex_'"),
    "lambda that requires the lock": ("void change(auto&& step) POLLUX_REQUIRES(mutex_) { step(); }",
                                      "void change(auto&& step) POLLUX_REQUIRES(mutex_) { mutex_.unlock(); step(); mutex_.lock(); }",
                                      "calling function 'operator()' requires holding mutex 'mutex_'"),
    "wait without the lock": ("        const MutexLock lock(mutex_);\n        ++count_;\n        pause();\n"
                              "        change([this]() POLLUX_REQUIRES(mutex_) { ++count_; });\n", "", "requires holding mutex 'mutex_'"),
    "lock twice": ("        ++count_;\n", "        ++count_;\n        mutex_.lock();\n        mutex_.unlock();\n",
                   "acquiring mutex 'mutex_' that is already held"),
    "lock that stays": ("        mutex_.lock();\n    }", "    }", "expecting mutex 'mutex_' to be held"),
    "mutex of the standard library": ("void use() {", "#include <mutex>\nstd::mutex planted;\nvoid use() {", "std::mutex is not analysed"),
    "lock of the standard library": ("void use() {", "void use() { static Mutex own; const std::lock_guard lock(own);", "std::lock_guard is not analysed"),
}  # fmt: skip


class Locks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def faults_of(self, sources):
        """Of a small project with the source in each folder."""
        header = self.folder / locks.MUTEX
        header.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / locks.MUTEX, header)
        entries = []
        for path, text in sources.items():
            file = self.write(path, text)
            command = f"/usr/bin/c++ -I{self.folder}/core/include -std=c++20 -Wall -Werror -o x.o -c {file}"
            entries.append({"directory": str(self.folder), "command": command, "file": str(file)})
        (self.folder / "compile_commands.json").write_text(json.dumps(entries))
        return locks.check(Tree(self.folder), CLANG, self.folder)

    def test_faults(self):
        sources = {f"{name}/{'new' if name in ('plugins', 'layers') else 'src'}/sound.cpp": SOUND for name in locks.FOLDERS}
        expected = {}
        for number, (name, (piece, instead, fault)) in enumerate(FAULTS.items()):
            self.assertEqual(SOUND.count(piece), 1, name)
            expected[f"loop/src/planted_{number}.cpp"] = (name, fault)
            sources[f"loop/src/planted_{number}.cpp"] = SOUND.replace(piece, instead)
        faults = self.faults_of(sources)
        for path, (name, fault) in expected.items():
            with self.subTest(name):
                here = [each for each in faults if each.startswith(f"{path}:")]
                self.assertTrue(here and any(fault in each for each in here), faults)
        self.assertEqual([each for each in faults if each.split(":")[0] not in expected], [])

    def test_missing_folder_and_error(self):
        faults = self.faults_of({"core/src/planted.cpp": "int planted = nowhere;\n"})
        for text in ("compiles no source of loop/", "core/src/planted.cpp:1: use of undeclared identifier"):
            self.assertEqual(sum(text in fault for fault in faults), 1, f"{text}: {faults}")


if __name__ == "__main__":
    ROOT, CLANG = Path(sys.argv[1]).resolve(), sys.argv[2]
    unittest.main(argv=sys.argv[:1])
