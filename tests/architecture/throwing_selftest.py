# SPDX-License-Identifier: BSL-1.0
"""throwing_selftest.py <clang++>: tests that the check "throwing" finds what it has to find, and nothing else."""
import sys

sys.dont_write_bytecode = True
import json
import tempfile
import unittest
from pathlib import Path

import throwing
from tree import Tree

CLANG = "clang++"
PREFIX = """
#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>
struct Interface {
    virtual ~Interface() = default;
    virtual int may_throw() = 0;
    virtual int does_not() noexcept = 0;
};
std::vector<int> numbers;
std::mutex mutex;
void in_another_file();
int to_integer(int);
int to_integer_safely(int) noexcept;
"""
# What may throw, and what the fault names.
FAULTS = {
    "operator new": ("int* planted() noexcept { return new int(1); }", "operator new(unsigned long)"),
    "growth of a vector": ("void planted() noexcept { numbers.push_back(1); }", "operator new(unsigned long)"),
    "copy of a function": ("void planted(const std::function<void()>& f) noexcept { auto copy = f; }",
                           "an indirect call"),
    "string": ("void planted(std::string& text) noexcept { text += \"more\"; }", "_M_append"),
    "thread": ("void planted() noexcept { std::thread([] {}).join(); }", "operator new(unsigned long)"),
    "waiting with a predicate that throws": (
        "std::condition_variable changed; void planted() noexcept { std::unique_lock lock(mutex, std::adopt_lock);"
        " changed.wait(lock, [] { numbers.push_back(1); return true; }); }", "operator new(unsigned long)"),
    "initializer of a local static": (
        "int size_of(const std::string& text) { return int(text.size()); }"
        " int planted() noexcept { static const int size = size_of(std::string(100, 'a')); return size; }", "operator new"),
    "destructor": ("struct planted { ~planted() { numbers.reserve(7); } }; void use() { planted one; }",
                   "std::__throw_length_error"),
    "move constructor": ("struct planted { planted(planted&& other) noexcept : text(other.text) {} std::string text; };"
                         " void use(planted& one) { planted other(std::move(one)); }", "may throw below noexcept"),
    "throw expression": ("void planted(int n) noexcept { if (n > 1) throw n; }", "throw int"),
    "virtual function": ("int planted(Interface& one) noexcept { return one.may_throw(); }", "an indirect call"),
    "function pointer": ("int planted(int (*call)()) noexcept { return call(); }", "an indirect call"),
    "function of another library": ("int planted() noexcept { return to_integer(1); }", "to_integer(int)"),
    "function of another file": ("void planted() noexcept { in_another_file(); }", "in_another_file() calls"),
    "function after functions": ("static void last() { numbers.resize(9); } static void middle() { last(); }"
                                 " void planted() noexcept { middle(); }", "last() calls std::vector"),
    "lambda": ("void planted() noexcept { [] { numbers.reserve(1); }(); }", "calls"),
    "other exception than is caught": (
        "void planted(int n) noexcept { try { if (n) throw std::logic_error(\"\"); } catch (const std::bad_alloc&) {} }",
        "throw std::logic_error"),
    "length_error beside bad_alloc": (
        "void planted() noexcept { try { numbers.reserve(9); } catch (const std::bad_alloc&) {} }",
        "std::__throw_length_error"),
    "exception that is caught and thrown again": (
        "void again() { try { throw 1L; } catch (...) { numbers.clear(); throw; } } void planted() noexcept { again(); }",
        "again() calls throw long"),
    "bad_alloc that is caught and thrown again": (
        "void again() { try { delete new int(1); } catch (const std::bad_alloc&) { throw; } }"
        " void planted() noexcept { again(); }", "again() calls operator new"),
    "exception in a handler": ("void planted() noexcept { try { to_integer(1); } catch (...) { numbers.reserve(2); } }",
                               "std::__throw_length_error"),
    "substring": ("auto planted(std::string_view text, unsigned from) noexcept { return text.substr(from); }",
                  "std::__throw_out_of_range_fmt"),
    "locking twice": ("void planted(std::recursive_mutex& lock) noexcept { lock.lock(); }", "std::__throw_system_error"),
    "callback of C": ("static int planted(const void*, const void*) { throw 1; }"
                      " void sort(int* all) { std::qsort(all, 2, 4, planted); }", "in a callback of qsort()"),
    "lambda as a callback of C": ("void planted() { std::atexit([] { numbers.reserve(1); }); }", "in a callback of atexit()"),
    "handler of a signal": ("static void planted(int) { numbers.reserve(1); } void use() { std::signal(1, planted); }",
                            "in a callback of signal()"),
    "C linkage": ('extern "C" void planted() { numbers.reserve(1); }', "in a function with C linkage"),
    "before main()": ("std::string planted(100, 'a');", "before main()"),
}  # fmt: skip
SOUND = {
    "without noexcept": "void f() { numbers.push_back(1); }",
    "all is caught": "void f() noexcept { try { numbers.push_back(to_integer(1)); } catch (...) {} }",
    "bad_alloc is caught": "int* f() noexcept { try { return new int(1); } catch (const std::bad_alloc&) { return nullptr; } }",
    "a map, and its bad_alloc": "bool f(std::map<int, int>& all) noexcept try { return all.try_emplace(1).second; }"
                                " catch (const std::bad_alloc&) { return false; }",
    "std::exception is caught": "void f() noexcept { try { numbers.reserve(1); } catch (const std::exception&) {} }",
    "exception of another function is caught": "void g() { numbers.reserve(1); }"
                                               " void f() noexcept { try { g(); } catch (const std::exception&) {} }",
    "new that returns null": "int* f() noexcept { return new (std::nothrow) int(1); }",
    "lock": "void f() noexcept { const std::lock_guard lock(mutex); }",
    "lock that was taken before": "void f() noexcept { std::unique_lock lock(mutex, std::adopt_lock); lock.release(); }",
    "noexcept function": "int f(Interface& one) noexcept { return one.does_not() + to_integer_safely(1); }",
    "noexcept function pointer": "int f(int (*call)() noexcept) noexcept { return call(); }",
    "functions": "void f(std::function<void()>& one, std::function<void()>& two) noexcept { one = std::move(two); two = nullptr; }",
    "C": "int f(const char* text) noexcept { return std::atoi(text); }",
    "moves": "void f(std::string& a, std::string& b) noexcept { a = std::move(b); }",
    "beginning of a text": "auto f(std::string_view text) noexcept { return text.substr(0, 7); }",
}  # fmt: skip


class Throwing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

    def faults_of(self, *sources):
        chosen = []
        for number, source in enumerate(sources):
            path = self.folder / f"{number}.cpp"
            path.write_text(PREFIX + source, encoding="utf-8")
            chosen.append((path.name, self.folder, ["-std=c++20", str(path)]))
        return throwing.described(throwing.compiled(CLANG, chosen), self.folder)

    def test_faults(self):
        # In namespaces, so that clang reads the headers once.
        names = list(FAULTS)
        spaces = [source if "extern" in source else f"namespace planted_{number} {{ {source} }}"
                  for number, (source, _) in enumerate(FAULTS.values())]  # fmt: skip
        faults = self.faults_of("\n".join(spaces), "void in_another_file() { numbers.reserve(3); }")
        first = PREFIX.count("\n") + 1
        for number, name in enumerate(names):
            with self.subTest(name):
                here = [fault for fault in faults if fault.startswith(f"0.cpp:{first + number}: ")]
                self.assertTrue(any(FAULTS[name][1] in fault for fault in here), faults)
        places = tuple(f"0.cpp:{first + number}:" for number in range(len(names)))
        self.assertEqual([fault for fault in faults if not fault.startswith(places)], [])

    def test_nothing_is_planted(self):
        spaces = [f"namespace sound_{number} {{ {source} }}" for number, source in enumerate(SOUND.values())]
        self.assertEqual(self.faults_of("\n".join(spaces), "void in_another_file() {}"), [])

    def test_tree(self):
        """The whole check, on a small project."""
        header = "#pragma once\nstruct Planted { int* make() noexcept { return new int(1); } };\n"
        files = {f"{name}/src/{name}.cpp": "int used_for_nothing;\n" for name in ("core", "time", "loop", "net")}
        files.update({"core/include/pollux/planted.hpp": header, "net/include/pollux/unnamed.hpp": header.replace("Planted", "Unnamed"),
                      "plugins/new/new.cpp": "static int unused;\n", throwing.HEADERS: "#include <pollux/planted.hpp>\n"})  # fmt: skip
        entries = []
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            if file.suffix == ".cpp":
                command = f"/usr/bin/ccache /usr/bin/c++ -I{self.folder}/core/include -I{self.folder}/net/include -std=c++20 -o x.o -c {file}"
                entries.append({"directory": str(self.folder), "command": command, "file": str(file)})
        (self.folder / "compile_commands.json").write_text(json.dumps(entries))
        faults = throwing.check(Tree(self.folder), CLANG, self.folder)
        for text in ("compiles no source of notify/",
                     "net/include/pollux/unnamed.hpp:2: Unnamed::make(): may throw below noexcept: operator new",
                     "core/include/pollux/planted.hpp:2: Planted::make(): may throw below noexcept: operator new"):  # fmt: skip
            self.assertEqual(sum(text in fault for fault in faults), 1, f"{text}: {faults}")
        self.assertTrue(any("ALLOWED lists" in fault for fault in faults))


if __name__ == "__main__":
    CLANG = sys.argv[1]
    unittest.main(argv=sys.argv[:1])
