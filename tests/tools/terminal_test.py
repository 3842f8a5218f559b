# SPDX-License-Identifier: BSL-1.0
"""Tests of tables on a terminal: their width and colour."""
import fcntl
import os
import re
import struct
import subprocess
import tempfile
import termios
import unittest

from running import COMMAND, environment, run

ESCAPE = "\x1b"


def on_terminal(columns, *arguments, **variables):
    """Runs the command on a terminal of this width; returns its status, and what it printed."""
    reading, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=terminal, stderr=subprocess.PIPE,
                          env=environment(**{"TERM": "xterm", **variables})) as command:
        os.close(terminal)
        output = b""
        try:
            while part := os.read(reading, 65536):
                output += part
        except OSError:  # the other end was closed
            pass
        os.close(reading)
        command.communicate(timeout=100)
    return command.returncode, output.decode().replace("\r\n", "\n")


def tables(text):
    """The lines before the sentences."""
    return [line for line in re.split(r"\n(?=  \w+: |\nA program|\nWritten)", text)[0].splitlines() if line]


def without_colour(text):
    return re.sub(r"\x1b\[\d*m", "", text)


class Width(unittest.TestCase):
    def test_tables_fit(self):
        for columns in [1, 10, 20, 33, 60, 80, 100, 132, 400]:
            for arguments in [["list"], ["list", "--options"]]:
                status, text = on_terminal(columns, *arguments, NO_COLOR="1")
                self.assertEqual(status, 0)
                lines = tables(text)
                self.assertGreater(len(lines), 3)
                # Two columns and their gap need four characters.
                self.assertLessEqual(max(map(len, lines)), max(columns, 4), text)
                self.assertFalse([line for line in lines if line.endswith(" ")], text)

    def test_no_text_is_lost(self):
        wide = run("list", "--options").stdout
        words = sorted("".join(wide.split()))
        for columns in [60, 80]:  # so that no column has to follow
            _, text = on_terminal(columns, "list", "--options", NO_COLOR="1")
            self.assertEqual(sorted("".join(text.split())), words, text)
        _, text = on_terminal(400, "list", "--options", NO_COLOR="1")
        self.assertEqual(text, wide)

    def test_columns_without_room_follow(self):
        _, text = on_terminal(60, "list", NO_COLOR="1")
        headings = [line.split() for line in text.splitlines() if line.startswith("backend ")]
        self.assertGreater(len(headings), 2, text)
        self.assertEqual([name for heading in headings[1:] for name in heading[1:]],
                         ["oneshot", "level", "edge", "sockets", "pipes", "files", "priority", "timeouts"])

    def test_variable_precedes_the_terminal(self):
        _, text = on_terminal(200, "list", NO_COLOR="1", COLUMNS="50")
        self.assertLessEqual(max(map(len, tables(text))), 50)
        self.assertLessEqual(max(map(len, tables(run("list", variables={"COLUMNS": "50"}).stdout))), 50)
        for value in ["", "0", "-1", "wide", "50x", "99999999999999999999"]:
            self.assertEqual(run("list", variables={"COLUMNS": value}).stdout, run("list").stdout)

    def test_demo(self):
        status, text = on_terminal(60, "demo", "--seconds", "1", "--connections", "4", NO_COLOR="1")
        self.assertEqual(status, 0)
        self.assertLessEqual(max(map(len, text.splitlines())), 60, text)

    def test_characters_of_several_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, "\u00fc" * 80)
            os.mkdir(name)
            with open(os.path.join(name, "libpollux-broken.so"), "w", encoding="utf-8") as broken:
                broken.write("no shared object")
            _, text = on_terminal(50, "list", NO_COLOR="1", POLLUX_PLUGIN_PATH=name)
        self.assertLessEqual(max(map(len, tables(text))), 50, text)
        self.assertEqual("".join(tables(text)).count("\u00fc"), 80, text)


class Colour(unittest.TestCase):
    def test_on_a_terminal(self):
        _, text = on_terminal(400, "list")
        for expected in ["\x1b[1mbackend\x1b[0m", "\x1b[32myes\x1b[0m", "\x1b[33memulated\x1b[0m", "\x1b[31munsupported\x1b[0m"]:
            self.assertIn(expected, text)
        self.assertEqual(without_colour(text), run("list").stdout)

    def test_never_elsewhere(self):
        self.assertNotIn(ESCAPE, run("list", variables={"TERM": "xterm"}).stdout)
        for arguments in [["list", "--json"], ["list", "--markdown"], ["explain", "--json"]]:
            self.assertNotIn(ESCAPE, on_terminal(80, *arguments)[1])

    def test_variables(self):
        self.assertIn(ESCAPE, on_terminal(80, "list", NO_COLOR="")[1])
        for variables in [{"NO_COLOR": "1"}, {"NO_COLOR": "0"}, {"NO_COLOR": " "}, {"TERM": "dumb"}, {"TERM": ""}]:
            self.assertNotIn(ESCAPE, on_terminal(80, "list", **variables)[1], variables)

    def test_the_suite(self):
        rule = ["conformance", "epoll", "--gtest_filter=add.reports"]
        self.assertIn(ESCAPE, on_terminal(80, *rule)[1])
        self.assertNotIn(ESCAPE, on_terminal(80, *rule, NO_COLOR="1")[1])
        self.assertIn(ESCAPE, on_terminal(80, *rule, "--gtest_color=yes", NO_COLOR="1")[1])


if __name__ == "__main__":
    unittest.main()
