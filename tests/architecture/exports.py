# SPDX-License-Identifier: BSL-1.0
"""A plugin exports one symbol."""
import subprocess
from pathlib import Path

SYMBOL = "pollux_plugin"


def exported(plugin, nm):
    output = subprocess.run([nm, "-D", "--defined-only", str(plugin)], capture_output=True, text=True, check=True).stdout
    # The last word of a line is the symbol; a symbol of a version has it behind an "@".
    return sorted(line.split()[-1].partition("@")[0] for line in output.splitlines())


def check(folder, nm="nm"):
    plugins = sorted(Path(folder).glob("libpollux-*.so"))
    faults = [] if plugins else [f"{folder}: no plugin was built here"]
    for plugin in plugins:
        symbols = exported(plugin, nm)
        if symbols != [SYMBOL]:
            faults.append(f"{plugin.name}: exports {', '.join(symbols) or 'nothing'}: expected exactly {SYMBOL}")
    return faults
