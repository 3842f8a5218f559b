# SPDX-License-Identifier: BSL-1.0
"""Tests of pollux list, explain and demo with --json: the outputs are as the schemas in docs/ describe them."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    jsonschema = None

from running import COMMAND, FIXTURES, environment, run

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
HOSTILE = pathlib.Path(FIXTURES).parent / "loader-hostile"
CONTROLS = bytes(byte for byte in range(1, 0x20)) + b"\x7f\xc2\x9b\xff\xe2\x80\xae\"\\"


def schema_of(command):
    return json.loads((DOCS / f"pollux-{command}.schema.json").read_text(encoding="utf-8"))


class Json(unittest.TestCase):
    def document(self, outcome, command, status=0):
        self.assertEqual(outcome.returncode, status, outcome)
        document = json.loads(outcome.stdout)
        self.assertEqual(document["format"], f"pollux-{command}/1")
        if jsonschema:
            jsonschema.validate(document, schema_of(command))
        return document

    def test_list(self):
        document = self.document(run("list", "--json"), "list")
        plugins = {plugin["name"]: plugin for plugin in document["plugins"]}
        epoll, trace, fallback = plugins["epoll"], plugins["trace"], plugins["poll_fallback"]
        self.assertEqual((epoll["kind"], epoll["usable"], epoll["rank"]), ("backend", True, 100))
        self.assertEqual([option["name"] for option in epoll["options"]], ["batch"])
        self.assertEqual(epoll["capabilities"]["edge"], {"support": "native"})
        self.assertEqual(fallback["capabilities"]["edge"]["support"], "unsupported")
        self.assertGreater(len(fallback["capabilities"]["edge"]["reason"]), 5)
        self.assertEqual((trace["kind"], trace["usable"], "rank" in trace), ("layer", True, False))
        self.assertEqual((document["choice"]["stack"], document["choice"]["origin"]), ("epoll", "the default"))
        ranks = [plugin["rank"] for plugin in document["plugins"] if plugin["kind"] == "backend"]
        self.assertEqual(ranks, sorted(ranks, reverse=True))

    def test_list_of_plugins_that_are_not_usable(self):
        outcome = run("list", "--json", variables={"POLLUX_PLUGIN_PATH": FIXTURES, "POLLUX_BACKEND": "open_fails"})
        document = self.document(outcome, "list", 1)
        plugins = {plugin["name"]: plugin for plugin in document["plugins"]}
        self.assertIs(plugins["open_fails"]["usable"], False)
        self.assertEqual(plugins["open_fails"]["reason"], "fixture_setup: Permission denied")
        self.assertIs(document["choice"]["opened"], False)
        self.assertIn('cannot open backend "open_fails"', outcome.stderr)

    def test_explain(self):
        document = self.document(run("explain", "--json", "trace+epoll?batch=64"), "explain")
        self.assertEqual(document["stack"], "trace+epoll?batch=64")
        self.assertEqual([layer["name"] for layer in document["layers"]], ["trace"])
        option = document["backend"]["options"][0]
        self.assertEqual((option["name"], option["default"], option["value"], option["given"]),
                         ("batch", "256", "64", True))
        self.assertEqual(document["attempts"][-1]["opened"], True)
        self.assertEqual(document["origin"], "from the command line")
        automatic = self.document(run("explain", "--json"), "explain")
        self.assertTrue(any("poll_fallback" in backend["file"] for backend in automatic["not_tried"]), automatic)

    def test_explain_without_a_backend(self):
        outcome = run("explain", "--json", "nosuch,epoll", "--needs", "edge")
        document = self.document(outcome, "explain")
        self.assertRegex(document["attempts"][0]["reason"], "no libpollux-nosuch.so in ")
        self.assertNotIn("file", document["attempts"][0])
        outcome = run("explain", "--json", "nosuch")
        document = self.document(outcome, "explain", 1)
        self.assertEqual((document["opened"], "backend" in document), (False, False))
        self.assertIn('cannot open backend "nosuch"', outcome.stderr)
        document = self.document(run("explain", "--json", "a++b"), "explain", 1)
        self.assertIn("the name of a layer or backend is missing", document["refusal"])

    def test_demo(self):
        outcome = run("demo", "--json", "--connections", "8", "--seconds", "1", "--backend", "poll_fallback")
        document = self.document(outcome, "demo")
        (measured,) = document["measurements"]
        self.assertEqual((measured["stack"], measured["connections"], measured["errors"]), ("poll_fallback", 8, 0))
        self.assertGreater(measured["requests"], 0)
        self.assertLessEqual(measured["latency_ns"]["p50"], measured["latency_ns"]["p99"])
        self.assertLessEqual(measured["latency_ns"]["p99"], measured["latency_ns"]["max"])

    def test_demo_of_all(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "libpollux-broken.so").write_text("no shared object", encoding="utf-8")
            outcome = run("demo", "--json", "--all", "--connections", "4", "--seconds", "1",
                          variables={"POLLUX_PLUGIN_PATH": folder})
        document = self.document(outcome, "demo")
        self.assertEqual([plugin["name"] for plugin in document["not_usable"]], ["broken"])
        self.assertLessEqual({"epoll", "poll_fallback"}, {each["stack"] for each in document["measurements"]})

    def test_text_from_outside_is_escaped(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = os.fsencode(scratch) + b"/a" + CONTROLS
            os.mkdir(folder)
            shutil.copy(os.fsencode(HOSTILE / "libpollux-text.so"), folder)
            with open(folder + b"/libpollux-broken.so", "wb") as broken:
                broken.write(b"no shared object")
            clean = {os.fsencode(name): os.fsencode(value) for name, value in environment().items()}
            for value in [b"auto", b"text", b"x" + CONTROLS, folder + b"/libpollux-broken.so"]:
                variables = clean | {b"POLLUX_PLUGIN_PATH": folder + b":relative" + CONTROLS, b"POLLUX_BACKEND": value}
                for command in ["list", "explain"]:
                    outcome = subprocess.run([COMMAND, command, "--json"], env=variables, capture_output=True,
                                             stdin=subprocess.DEVNULL, timeout=100, check=False)
                    self.assertNotRegex(outcome.stdout, rb"[\x00-\x09\x0b-\x1f\x7f\xff]|\xc2[\x80-\x9f]|\xe2\x80\xae")
                    outcome.stdout = outcome.stdout.decode()
                    document = self.document(outcome, command, outcome.returncode)
                    self.assertIn(r"a\x01\x02", json.dumps(document).replace(r"\\", "\\"))

    def test_schemas_are_strict(self):
        if not jsonschema:
            self.skipTest("there is no Python package jsonschema")
        for command, arguments in [("list", []), ("explain", ["trace+epoll"])]:
            document = json.loads(run(command, "--json", *arguments).stdout)
            for path, container in places(document):
                for key in list(container):
                    value = container.pop(key)
                    is_optional = key in ("reason", "summary", "rank", "options") or (path, key) == (".attempts", "file")
                    if not is_optional and not path.startswith(".plugins.capabilities"):
                        with self.assertRaises(jsonschema.ValidationError, msg=f"{path}.{key}"):
                            jsonschema.validate(document, schema_of(command))
                    container[key] = value
                if not path.endswith("capabilities"):
                    container["more"] = 1
                    with self.assertRaises(jsonschema.ValidationError, msg=path):
                        jsonschema.validate(document, schema_of(command))
                    del container["more"]

    def test_forms_that_exclude_each_other(self):
        for other in ["--markdown", "--options"]:
            outcome = run("list", "--json", other)
            self.assertEqual((outcome.returncode, outcome.stdout), (2, ""), outcome)
            self.assertIsNotNone(re.search("--json", outcome.stderr))


def places(value, path=""):
    """Yields each object of a document, with its path."""
    if isinstance(value, dict):
        yield path, value
        for key, each in list(value.items()):
            yield from places(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from places(each, path)


if __name__ == "__main__":
    unittest.main()
