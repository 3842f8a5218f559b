# SPDX-License-Identifier: BSL-1.0
"""selftest.py <root> <C++ compiler> [nm [readelf]]: tests that each check fails on a violation that is planted, and names it."""
import sys

sys.dont_write_bytecode = True
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import allocations
import contract
import decisions
import exports
import frozen
import includes
import links
import rules
import style
import words
from tree import Tree

ROOT, COMPILER, NM, READELF = Path(), "c++", "nm", "readelf"
LICENCE = "// " + style.LICENCE + "\n"


class Planted(unittest.TestCase):
    """The base class of tests that change a copy of the sources."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tree = Tree(self.folder.name)
        original = Tree(ROOT)
        files = original.files(".cpp", ".hpp", ".c", ".h", ".rs", ".txt", ".cmake", ".py")
        for path in files + original.frozen_headers() + [frozen.SUMS, includes.PAGE]:
            target = self.tree.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, target)

    def plant(self, path, text, instead_of=None):
        """Appends to a file, makes it, or replaces a part of it."""
        file = self.tree.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.read_text(encoding="utf-8") if file.exists() else LICENCE
        if instead_of:
            self.assertIn(instead_of, before)
            text = before.replace(instead_of, text, 1)
        else:
            text = before + text
        file.write_text(text, encoding="utf-8")

    def expect(self, check, path, text, *facts, instead_of=None):
        """Expects exactly one new fault for the planted text, with all the facts."""
        before = check(self.tree)
        self.plant(path, text, instead_of)
        new = [fault for fault in check(self.tree) if fault not in before]
        self.assertEqual(len(new), 1, f"{path}: {text!r}: {new}")
        for fact in facts:
            self.assertIn(fact, new[0])


class Includes(Planted):
    def expect_include(self, path, name, *facts):
        self.expect(includes.check, path, f"#include {name}\n", str(path), name.strip('<>"'), *facts)

    def test_nothing_is_planted(self):
        self.assertEqual(includes.check(self.tree), [])

    def test_chain(self):
        for header, above in [
            ("event", "registrator"), ("registrator", "selector"), ("selector", "plugin"), ("selector", "forwarding_selector"),
            ("capabilities", "event"), ("capabilities", "selector"), ("open_failure", "event"), ("plugin", "toolkit"), ("event", "time/deadline"), ("plugin", "open"), ("plugin", "posix"),
            ("posix", "registrator"), ("open", "poll"), ("open", "plugin"), ("poll", "posix"),
        ]:  # fmt: skip
            with self.subTest(header=header):
                self.expect_include(f"core/include/pollux/{header}.hpp", f"<pollux/{above}.hpp>", "may include")

    def test_new_header(self):
        for path in ("core/include/pollux/new.hpp", "time/include/pollux/time/new.hpp"):
            self.expect(includes.check, path, "", path, "in no row of docs/dependencies.md")

    def test_header_of_another_folder(self):
        for path, place in (("net/include/pollux/new.hpp", "include/pollux/net/"), ("loop/include/pollux/net/new.hpp", "include/pollux/loop/"),
                            ("tests/new/include/pollux/new.hpp", "include/pollux/new/"),
                            ("core/include/pollux/internal/new.hpp", "include/pollux/")):  # fmt: skip
            before = includes.check(self.tree)
            self.plant(path, "")
            new = [fault for fault in includes.check(self.tree) if fault not in before]
            self.assertTrue(any(f"{path}: is not in {place}" in fault for fault in new), new)

    def test_namespace(self):
        for path, namespace, expected in (("net/include/pollux/net/address.hpp", "pollux", "pollux::net"),
                                          ("loop/src/turn.cpp", "pollux::net", "pollux::loop"),
                                          ("time/src/timer_wheel.cpp", "pollux::timer", "pollux::time"),
                                          ("core/src/open.cpp", "core", "pollux"),
                                          ("tests/conformance/include/pollux/conformance/conformance.hpp", "pollux", "pollux::conformance")):  # fmt: skip
            with self.subTest(path):
                self.expect(includes.check, path, f"namespace {namespace} {{}}\n", path, f"expected {expected}")

    def test_page(self):
        self.expect(includes.check, includes.PAGE, "| `new/` | `nowhere` |\n", "`nowhere` is not a header")
        self.expect(includes.check, includes.PAGE, "| `nowhere` | |\n", "`nowhere` is no header of core/")
        self.expect(includes.check, includes.PAGE, "| `pollux-new` | `new` | `pollux` | |\n", "the diagram is stale")
        includes.write(self.tree)
        self.assertFalse(any("stale" in fault for fault in includes.check(self.tree)))

    def test_public_header(self):
        for name in ("<unistd.h>", "<boost/asio.hpp>", '"event.hpp"', '"../../src/search.hpp"'):
            self.expect_include("core/include/pollux/poll.hpp", name, "standard library")
        self.expect_include("layers/new/include/pollux/new.hpp", "<sys/socket.h>", "standard library")

    def test_c_interface(self):
        self.expect_include("core/include/pollux/plugin.h", "<stdlib.h>", "only <stddef.h> and <stdint.h>")
        self.expect_include("core/include/pollux/poll.hpp", "<pollux/plugin.h>", "may include")
        self.expect_include("plugins/epoll/epoll.cpp", "<pollux/plugin.h>", "may include")

    def test_plugin(self):
        path = "plugins/epoll/epoll.cpp"
        for name in ("<pollux/open.hpp>", "<pollux/poll.hpp>"):
            self.expect_include(path, name, "may include")
        for name in ('"../poll_fallback/watches.hpp"', '"../../core/src/search.hpp"', '"search.hpp"', '"nowhere.hpp"'):
            self.expect_include(path, name, "own folder")

    def test_core_sources(self):
        for path in ("tools/new.cpp", "examples/new.cpp", "tests/conformance/new.cpp"):
            name = "../" * (len(Path(path).parts) - 1) + "core/src/search.hpp"
            self.expect_include(path, f'"{name}"', "core/src/search.hpp", "only the core")
            self.expect_include(path, '"search.hpp"', "core/src/search.hpp", "only the core")
            self.expect_include(path, "<core/src/search.hpp>", "only the core")

    def test_core(self):
        self.expect_include("core/src/search.cpp", "<unistd.h>", "environment.cpp", "file_system.cpp")
        self.expect_include("core/src/poll.cpp", "<boost/asio.hpp>", "Boost.DLL")
        self.expect_include("core/src/poll.cpp", "<pollux/conformance/conformance.hpp>", "of the libraries only")
        self.plant("plugins/epoll/own.hpp", "")
        self.expect_include("core/src/open.cpp", '"../../plugins/epoll/own.hpp"', "only itself")

    def test_other_libraries(self):
        self.expect_include("notify/queue.cpp", "<pollux/selector.hpp>", "event, mutex, registrator")
        self.expect_include("loop/loop.cpp", "<pollux/plugin.hpp>", "event, mutex, open, open_failure, poll")
        for path in ("net/src/stream_socket.cpp", "net/include/pollux/net/tcp_stream.hpp"):
            for header in ("registrator", "selector", "poll"):
                self.expect_include(path, f"<pollux/{header}.hpp>", "only event")
        self.expect_include("net/include/pollux/net/address.hpp", "<sys/socket.h>", "standard library")
        self.expect_include("net/src/tcp.cpp", "<pollux/notify/notify.hpp>", "only core, net, time")
        self.expect_include("notify/src/token_queue.cpp", "<pollux/net/net.hpp>", "only core, notify, time")
        self.expect_include("plugins/epoll/epoll.cpp", "<pollux/net/net.hpp>", "only none")
        self.expect_include("time/src/timer_wheel.cpp", "<pollux/event.hpp>", "only time/")
        self.expect_include("time/src/timer_wheel.cpp", "<time.h>", "only the standard library")

    def test_loader(self):
        line = "#include <boost/dll/shared_library.hpp>\n"
        self.expect(includes.check, "core/src/open.cpp", line, "library.cpp", "open.cpp", "exactly one")
        self.plant("core/src/open.cpp", "", instead_of=line)
        self.expect(includes.check, "tools/new.cpp", line, "library.cpp", "tools/new.cpp", "exactly one")

    def test_no_loader(self):
        source = (self.tree.root / "core/src/library.cpp").read_text(encoding="utf-8")
        (self.tree.root / "core/src/library.cpp").write_text(source.replace("boost/dll", "dll"), encoding="utf-8")
        self.assertTrue(any("by no file" in fault for fault in includes.check(self.tree)))


class Allocations(Planted):
    def test_nothing_is_planted(self):
        self.assertEqual(allocations.check(self.tree), [])

    def test_spellings(self):
        for code in ("for (fs::directory_iterator entry(folder, error), end; entry != end; entry.increment(error)) {}",
                     "for (const auto& entry : std::filesystem::directory_iterator(folder)) {}",
                     "std::filesystem::recursive_directory_iterator all(folder);", "fs::remove_all(folder, error);",
                     "fs::weakly_canonical (path, error);"):  # fmt: skip
            for path in ("core/src/search.cpp", "tools/new/project.cpp", "loop/src/new.cpp", "plugins/epoll/epoll.cpp"):
                self.expect(allocations.check, path, code + "\n", path, "allocates below noexcept")

    def test_elsewhere(self):
        for path, code in (("tests/core/poll_test.cpp", "fs::remove_all(folder);\n"),
                           ("core/src/search.cpp", "// not a directory_iterator\n")):  # fmt: skip
            self.plant(path, code)
        self.assertEqual(allocations.check(self.tree), [])


class Rules(Planted):
    header = "core/include/pollux/event.hpp"

    def test_rule_without_test(self):
        self.expect(rules.check, self.header, "/// It holds [planted.promise].\n", "[planted.promise]", "no RULE")

    def test_test_without_label(self):
        self.expect(rules.check, "tests/core/new.cpp", "// A sentence.\nRULE(planted, test) {}\n",
                    "tests/core/new.cpp:3", "[planted.test]", "no public header")  # fmt: skip

    def test_label_outside_of_a_comment(self):
        self.expect(rules.check, "tests/core/new.cpp", "// A sentence.\nRULE(planted, index) {}\n", "no public header")
        before = rules.check(self.tree)
        self.plant(self.header, "int number = numbers[planted.index];\n")
        self.assertEqual(rules.check(self.tree), before)

    def test_doubled_test(self):
        self.expect(rules.check, "tests/core/new.cpp", "// A sentence.\nRULE(poll, close_wakes) {}\n",
                    "[poll.close_wakes]", "more than once", "poll_rules.cpp", "new.cpp")  # fmt: skip

    def test_no_sentence(self):
        self.plant(self.header, "/// It holds [planted.promise].\n")
        before = rules.check(self.tree)
        self.plant("tests/core/new.cpp", "\nRULE(planted, promise) {}\n")
        new = [fault for fault in rules.check(self.tree) if fault not in before]
        self.assertEqual(new, ["tests/core/new.cpp:3: [planted.promise] has no sentence above it"])


class Contract(Planted):
    def setUp(self):
        super().setUp()
        contract.write(self.tree)
        self.assertEqual(contract.check(self.tree), [])

    def test_new_label(self):
        self.expect(contract.check, Rules.header, "/// It holds [planted.promise].\n", "stale", "planted.promise")

    def test_changed_sentence(self):
        self.expect(contract.check, "tests/core/poll_rules.cpp", "// Planted: a handle that outlives", "stale",
                    "poll.registrator_outlives", instead_of="// A handle that outlives")  # fmt: skip

    def test_edited_page(self):
        self.expect(contract.check, contract.PAGE, "planted\n", "stale", "planted")

    def freeze(self):
        contract.freeze(self.tree, "7.0")
        self.assertEqual(contract.check(self.tree), [])

    def test_edited_frozen_page(self):
        self.freeze()
        self.expect(contract.check, "docs/contract-7.0.md", "planted\n", "contract-7.0.md", "never edited")

    def test_frozen_page_that_is_missing_or_unknown(self):
        self.freeze()
        page = self.tree.root / "docs/contract-7.0.md"
        page.rename(page.with_name("contract-7.1.md"))
        faults = contract.check(self.tree)
        for fact in ("contract-7.0.md: does not exist", "contract-7.1.md: is not in"):
            self.assertTrue([fault for fault in faults if fact in fault], faults)
        with self.assertRaises(SystemExit):
            contract.freeze(self.tree, "7.1")

    def changed_rule(self, text, instead_of, fact):
        self.freeze()
        self.plant("tests/conformance/rules/seam.cpp", text, instead_of)
        contract.write(self.tree)
        faults = contract.check(self.tree)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(fact, faults[0])

    def test_level_of_a_frozen_rule(self):
        self.changed_rule("RULE(failure, category, .level = Level::should)", "RULE(failure, category)",
                          "[failure.category] has level should, and must in docs/contract-7.0.md")  # fmt: skip

    def test_frozen_rule_that_is_gone(self):
        self.changed_rule("RULE(failure, planted)", "RULE(failure, category)", "[failure.category] has no RULE()")

    def test_group_without_explanation(self):
        self.expect(contract.check, contract.EXPLANATIONS, '    // {"failure",', "explanations.cpp", "failure", instead_of='    {"failure",')

    def test_missing_page(self):
        (self.tree.root / contract.PAGE).unlink()
        self.assertEqual(len(contract.check(self.tree)), 1)


class Style(Planted):
    def test_nothing_is_planted(self):
        self.assertEqual(style.check(self.tree), [])

    def test_licence(self):
        for name in ("core/new.cpp", "core/new.hpp", "core/new.c", "core/new.h", "new/new.rs", "core/new.cmake", "core/new.py",
                     "new/CMakeLists.txt", "core/new"):  # fmt: skip
            with self.subTest(name=name):
                (self.tree.root / "new").mkdir(exist_ok=True)
                (self.tree.root / name).write_text("#!/bin/sh\n" if name == "core/new" else "int planted;\n")
                faults = style.check(self.tree)
                self.assertEqual(len(faults), 1, faults)
                self.assertIn(name, faults[0])
                self.assertIn(style.LICENCE, faults[0])
                (self.tree.root / name).unlink()

    def test_second_licence(self):
        self.expect(style.check, "core/src/open.cpp", LICENCE, "core/src/open.cpp", "more than one")

    def test_name(self):
        for name in ("core/utils.hpp", "core/src/detail/loader.hpp", "tests/common/pipe.hpp", "tools/misc.cpp",
                     "plugins/epoll/impl.hpp", "tests/core/helpers.hpp"):  # fmt: skip
            self.expect(style.check, name, "", name, "names nothing")

    def test_header(self):
        self.expect(style.check, "tests/core/poll_test.cpp", "#include <latch>\n", "tests/core/poll_test.cpp", "<latch>")

    def test_ignored_error(self):
        header = "core/include/pollux/poll.hpp"
        for code in ("std::error_code planted() noexcept;", "    virtual std::error_code planted(int) = 0;", "inline std::error_code planted() {",
                     "std::error_code planted() noexcept override { return {}; }", "static std::error_code planted(int number);"):  # fmt: skip
            self.expect(style.check, header, code + "\n", header, "[[nodiscard]]")
        before = style.check(self.tree)
        for code in ("[[nodiscard]] std::error_code planted();", "[[nodiscard]] virtual std::error_code planted() = 0;",
                     "const std::error_code& planted();", "void planted(std::error_code& error);", "return std::error_code(error);"):  # fmt: skip
            self.plant(header, code + "\n")
        self.plant("core/src/open.cpp", "std::error_code planted();\n")
        self.assertEqual(style.check(self.tree), before)

    def test_length(self):
        self.expect(style.check, "core/src/long.cpp", "\n" * 350, "core/src/long.cpp", "351 lines", "350 at most")
        self.expect(style.check, "plugins/iocp/long.cpp", "\n" * 600, "plugins/iocp/long.cpp", "601", "600 at most")
        self.expect(style.check, "examples/long.c", "\n" * 350, "examples/long.c", "351 lines", "350 at most")
        before = style.check(self.tree)
        self.plant("core/src/just.cpp", "\n" * 349)
        self.assertEqual(style.check(self.tree), before)


class Words(Planted):
    SAMPLES = [
        "An engine.", "two engines", "poll_engine()", "a planted fault", "planted_faults",
        "It hears of it.", "is not heard", "whoever it is", "by whomever", "somebody else", "anybody", "nobody", "TEST(Wakes, wake_nobody)",
        "begins anew", "also not if", "be it new", "else not", "a stand-in", "closed behind our back", "was forgotten",
        "the whole story", "It never waits.", "no call waits", "after a look", "look_at(source)", "house rules", "the drawing", "let_go()",
        "is told", "tells", "cannot tell", "it says so", "what was said", "looks at it", "an Agenda", "ring_bell()", "its doorbell", "goes deaf",
        "it comes again", "it came back", "sources come and go", "auto& way_in", "words_of(run)", "a keeper", "its inbox", "is renewed",
        "the C face", "C_FACE", "an exhibit", "two visitors", "loop_victim()", "a ghost", "it haunts", "has_news", "the one that selects",
        "an asker", "is_asked_for()", "choice.winner",
    ]  # fmt: skip
    FREE = ["an engineer", "history", "[close.while_registered]", "as the user nobody", "bellow", "ftell(file)",
            "RULE(timer_wheel, destroyed)", "ghostty-org", "  winner: epoll"]  # fmt: skip

    def test_nothing_is_planted(self):
        self.assertEqual(words.check(self.tree), [])

    def test_each_word(self):
        unseen = [word.spelling for word in words.WORDS if not any(words.pattern(word).search(each) for each in self.SAMPLES)]
        self.assertEqual(unseen, [], "each word needs a sample")
        self.plant("tests/words/new.cpp", "".join(f"// {sample}\n" for sample in self.SAMPLES))
        faults = words.check(self.tree)
        for number, sample in enumerate(self.SAMPLES, 2):
            with self.subTest(sample):
                found = [fault for fault in faults if fault.startswith(f"tests/words/new.cpp:{number}: ")]
                self.assertEqual(len(found), 1, found)
                self.assertIn(": expected ", found[0])

    def test_files(self):
        places = ("tests/core/new.hpp", "examples/new.c", "core/new.h", "examples/new.rs", "docs/new.md", "tools/new.py",
                  "bench/new/CMakeLists.txt", "README.md", "SECURITY.md", "ROADMAP.md", "ci/README.md")  # fmt: skip
        for path in places:
            self.plant(path, "an engine\n")
        faults = words.check(self.tree)
        self.assertEqual(len(faults), len(places), faults)
        for path in places:
            self.assertTrue(any(fault.startswith(f'{path}:2: "engine": expected backend') for fault in faults), path)

    def test_elsewhere(self):
        for path in ("docs/decisions/0001-new.md", "CHANGELOG.md", "tools/new.sh"):
            self.plant(path, "an engine\n")
        self.plant("tests/core/new.cpp", "".join(f"// {line}\n" for line in self.FREE))
        self.assertEqual(words.check(self.tree), [])


class Frozen(Planted):
    header = "tests/loader/frozen/2/pollux/plugin.hpp"

    def test_nothing_is_planted(self):
        self.assertEqual(frozen.check(self.tree), [])

    def test_changed_header(self):
        self.expect(frozen.check, self.header, "\n", self.header, "was changed")

    def test_missing_header(self):
        (self.tree.root / self.header).unlink()
        faults = frozen.check(self.tree)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(self.header, faults[0])
        self.assertIn("does not exist", faults[0])

    def test_new_header(self):
        path = "tests/loader/frozen/2/pollux/new.hpp"
        self.expect(frozen.check, path, "", path, "is not in SHA256SUMS")
        frozen.freeze(self.tree)
        self.assertEqual(frozen.check(self.tree), [])

    def test_sums_are_not_replaced(self):
        self.plant(self.header, "\n")
        frozen.freeze(self.tree)
        self.assertEqual(len(frozen.check(self.tree)), 1)

    def test_no_headers(self):
        shutil.rmtree(self.tree.root / frozen.SUMS.parent)
        self.assertIn("has no frozen headers", frozen.check(self.tree)[0])

    def test_other_checks_pass_over_it(self):
        promised = rules.labels(self.tree)
        before = [check.check(self.tree) for check in (allocations, contract, includes, rules, style, words)]
        self.plant(self.header, "// An engine promises [planted.label].\n#include <latch>\n#include <linux/if.h>\n" + "\n" * 999)
        self.assertEqual([check.check(self.tree) for check in (allocations, contract, includes, rules, style, words)], before)
        self.assertEqual(rules.labels(self.tree), promised)


class Pages(unittest.TestCase):
    """The base class of tests that write pages into an empty tree."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tree = Tree(self.folder.name)

    def write(self, path, text):
        file = self.tree.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def expect(self, faults, *facts):
        self.assertEqual(len(faults), 1, faults)
        for fact in facts:
            self.assertIn(fact, faults[0])


class Decisions(Pages):
    FIRST, SECOND = "docs/decisions/0001-first.md", "docs/decisions/0003-second.md"

    def setUp(self):
        super().setUp()
        self.write(self.FIRST, "# 1. First\n\nStatus: changed by [3](0003-second.md)\n\nText.\n")
        self.write(self.SECOND, "# 3. Second\n\nStatus: accepted\n\nText.\n")
        self.write_index()

    def write_index(self):
        self.write(decisions.PAGE, decisions.text(decisions.records(self.tree, [])))

    def test_nothing_is_planted(self):
        self.assertEqual(decisions.check(self.tree), [])
        self.assertEqual(decisions.check(Tree(ROOT)), [])
        self.assertGreater(len(decisions.records(Tree(ROOT), [])), 40)

    def test_status(self):
        for status in ("", "Text.", "Status: replaced", "Status: accepted, mostly", "Status: changed by 3", "*Status: accepted*",
                       "Status: superseded by"):  # fmt: skip
            with self.subTest(status):
                self.write(self.FIRST, f"# 1. First\n\n{status}\n")
                self.write_index()
                self.expect(decisions.check(self.tree), self.FIRST, "has no status", "Status: accepted")
        self.write(self.FIRST, "# 1. First\n\nText.\n\nStatus: accepted\n")
        self.expect(decisions.check(self.tree), self.FIRST, "has no status")

    def test_successor(self):
        for link in ("[4](0004-fourth.md)", "[3](0004-fourth.md)", "[1](0001-first.md)", "[4](0003-second.md)"):
            with self.subTest(link):
                self.write(self.FIRST, f"# 1. First\n\nStatus: superseded by {link}\n")
                self.write_index()
                self.expect(decisions.check(self.tree), self.FIRST, link, "no later decision")

    def test_number(self):
        self.write("docs/decisions/0003-third.md", "# 3. Third\n\nStatus: accepted\n")
        self.write_index()
        self.expect(decisions.check(self.tree), "0003-third.md", "number 3", "0003-second.md")

    def test_title(self):
        for name, title in (("0004-fourth.md", "# 5. Fourth"), ("0004-fourth.md", "Fourth"), ("fourth.md", "# 4. Fourth"),
                            ("0004-fourth.md", "")):  # fmt: skip
            with self.subTest(name=name, title=title):
                self.write(f"docs/decisions/{name}", title + "\n\nStatus: accepted\n" if title else "")
                self.expect(decisions.check(self.tree), name, "number of its file's name")
                (self.tree.root / "docs/decisions" / name).unlink()

    def test_index(self):
        self.write("docs/decisions/0004-fourth.md", "# 4. Fourth\n\nStatus: accepted\n")
        self.expect(decisions.check(self.tree), "docs/decisions/README.md", "stale", decisions.MAKE)
        self.write_index()
        self.assertEqual(decisions.check(self.tree), [])
        self.write("docs/decisions/0004-fourth.md", "# 4. Fourth\n\nStatus: superseded by [5](0005-fifth.md)\n")
        self.write("docs/decisions/0005-fifth.md", "# 5. Fifth\n\nStatus: accepted\n")
        self.expect(decisions.check(self.tree), "docs/decisions/README.md", "stale")
        (self.tree.root / decisions.PAGE).unlink()
        self.expect(decisions.check(self.tree), "docs/decisions/README.md", "stale")


class Links(Pages):
    def setUp(self):
        super().setUp()
        self.write("docs/a.md", "# Heading\n\n## Two words, `code`\n")
        self.write("src/open.cpp", "")

    def test_nothing_is_planted(self):
        self.assertEqual(links.check(Tree(ROOT)), [])

    def test_sound(self):
        self.write("README.md", "[a](docs/a.md) [b](docs) [c](docs/a.md#two-words-code) [d\ne](src/open.cpp) "
                   "[f](https://example.org/x.md) [g](#one)\n\n# One\n\n    [code](nowhere.md)\n\n"
                   "```\n[code](nowhere.md)\n```\n`[code](nowhere.md)`\n")  # fmt: skip
        self.write("docs/b.md", "[a](a.md) [b](../src/open.cpp) [c](../README.md#one)\n")
        self.assertEqual(links.check(self.tree), [])

    def test_broken(self):
        for link, fact in (("nowhere.md", "no file"), ("../docs/a.md", "no file"),
                           ("docs/a.md#three", 'no heading for "#three"'), ("#here", 'no heading for "#here"'),
                           ("src/open.cpp#L3", "no heading"), ("/src/open.cpp", "no file")):  # fmt: skip
            with self.subTest(link):
                self.write("README.md", f"# Title\n\n- [a](docs/a.md)\n    [text\nand more]({link})\n")
                self.expect(links.check(self.tree), "README.md:4", f"({link})", fact)

    def test_folder(self):
        self.write("docs/decisions/b.md", "[a](a.md)\n")
        self.expect(links.check(self.tree), "docs/decisions/b.md:1", "(a.md)", "no file")


class Exports(unittest.TestCase):
    plugin = 'extern "C" const int pollux_plugin; const int pollux_plugin = 1;'

    def faults_of(self, source, check=exports.check_plugins, options=(), tool=None):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "source.cpp"
            file.write_text(source)
            library = Path(folder) / "libpollux-planted.so"
            subprocess.run([COMPILER, "-shared", "-fPIC", *options, "-o", library, file], check=True)
            return check(tool or NM, folder)

    def test_one_symbol(self):
        self.assertEqual(self.faults_of(self.plugin), [])

    def test_second_symbol(self):
        faults = self.faults_of(self.plugin + ' extern "C" int planted() { return 1; }')
        self.assertEqual(len(faults), 1)
        for fact in ("libpollux-planted.so", "planted, pollux_plugin", "exactly"):
            self.assertIn(fact, faults[0])

    def test_no_symbol(self):
        self.assertIn("exports nothing", self.faults_of("static const int pollux_plugin = 1;")[0])

    def test_no_plugin(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("no plugin was built", exports.check_plugins(NM, folder)[0])

    def test_runtime(self):
        def check(option, tool=READELF):
            return self.faults_of(self.plugin, exports.check_c_plugins, [option], tool)

        self.assertEqual(check("-Wl,--as-needed"), [])
        faults = check("-Wl,--no-as-needed")
        self.assertEqual(len(faults), 1)
        for fact in ("libpollux-planted.so", "needs lib", "++", "no C++ runtime"):
            self.assertIn(fact, faults[0])
        self.assertIn("no dynamic section", check("-Wl,--as-needed", "true")[0])

    def test_library(self):
        own = "namespace pollux { struct Kind { virtual ~Kind(); }; Kind::~Kind() = default; int planted() { return 1; } }"
        self.assertEqual(self.faults_of(own, exports.check_libraries), [])
        faults = self.faults_of(own + " namespace boost { int planted() { return 1; } }", exports.check_libraries)
        self.assertEqual(len(faults), 1)
        for fact in ("libpollux-planted.so", "exports boost::planted()", "only names in pollux::"):
            self.assertIn(fact, faults[0])
        self.assertIn("exports nothing", self.faults_of("static int planted;", exports.check_libraries)[0])

    def test_inline_function_of_the_interface(self):
        for declaration in ("OpenFailure { OpenFailure() {} void set() {} }; void planted() { OpenFailure().set(); }",
                            "Capabilities {}; inline Capabilities copy_of() { return {}; } void planted() { copy_of(); }"):
            source = "namespace pollux { struct " + declaration + " }"
            faults = self.faults_of(source, exports.check_libraries)
            self.assertEqual(len(faults), 1, faults)
            for fact in ("libpollux-planted.so", "exports pollux::", "inline"):
                self.assertIn(fact, faults[0])

    def test_no_library(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("no library was built", exports.check_libraries(NM, folder)[0])


if __name__ == "__main__":
    ROOT = Path(sys.argv[1]).resolve()
    COMPILER, NM, READELF = (sys.argv[2:] + ["nm", "readelf"][len(sys.argv) - 3 :])[:3]
    unittest.main(argv=sys.argv[:1])
