# SPDX-License-Identifier: BSL-1.0
"""Types into interactive shells on a terminal of their own, and presses TAB."""
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import time

from running import COMMAND, environment

PAGES = pathlib.Path(os.environ["POLLUX_PAGES"])
LIMIT = 60  # seconds


class Shell:
    """A Shell prints the line that is being edited at Ctrl-G, after `preparation`."""

    def __init__(self, command, preparation, folder, **variables):
        path = f"{pathlib.Path(COMMAND).parent}:{os.environ['PATH']}"
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environment(PATH=path, TERM="dumb", HOME=str(folder), **variables))
        self.seen = ""
        self.send(preparation + "\necho rea''dy\n")
        self.read_until(r"ready")

    def send(self, text):
        os.write(self.terminal, text.encode())

    def read_until(self, pattern):
        end = time.monotonic() + LIMIT
        while not (found := re.search(pattern, self.seen)):
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"expected {pattern} within {LIMIT} s, seen: {self.seen!r}")
            self.seen += os.read(self.terminal, 4096).decode(errors="replace")
        self.seen = self.seen[found.end():]
        return found

    def completed(self, line):
        """The line after TAB; the next one begins empty."""
        self.send(f"{line}\t\x07")
        found = self.read_until(r"LINE<([^>%$]*)>")[1]
        self.send("\x15")  # Ctrl-U
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


def bash(folder, program, **variables):
    """With the script where bash-completion would load it from."""
    preparation = f"source {PAGES}/completions/bash/{program}\n" + r"""bind -x '"\C-g": printf "LINE<%s>\n" "$READLINE_LINE"'"""
    return Shell([shutil.which("bash"), "--norc", "--noprofile", "-i"], preparation, folder, **variables)


def zsh(folder, **variables):
    preparation = (f"fpath=({PAGES}/completions/zsh $fpath); autoload -Uz compinit; compinit -u -D; "
                   "shown() { print -r -- \"LINE<$BUFFER>\" }; zle -N shown; bindkey '^G' shown; bindkey '^U' kill-whole-line")  # fmt: skip
    return Shell([shutil.which("zsh"), "-f", "-i"], preparation, folder, **variables)
