# SPDX-License-Identifier: BSL-1.0
"""Runs the programs under test in an environment without outside settings."""
import os
import subprocess

COMMAND = os.environ["POLLUX_COMMAND"]
EXAMPLES = os.environ["POLLUX_EXAMPLES"]
FIXTURES = os.environ["POLLUX_FIXTURES"]  # of the loader's tests
OF_TERMINALS = ("COLUMNS", "NO_COLOR", "TERM")  # they change the form of tables


def environment(**variables):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("POLLUX_") and name not in OF_TERMINALS}
    return clean | variables


def run(*arguments, variables=None, **options):
    """Runs the command; its outcome has returncode, stdout and stderr."""
    return subprocess.run([COMMAND, *arguments], env=environment(**(variables or {})), text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=100, check=False, **options)
