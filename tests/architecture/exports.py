# SPDX-License-Identifier: BSL-1.0
"""Checks that a plugin exports one symbol, and a library only names in pollux::; and that a plugin in C needs no C++ runtime."""
import re
import subprocess
from pathlib import Path

SYMBOL = "pollux_plugin"
CPP_RUNTIME = re.compile(r"lib(std)?c\+\+|libpollux")
# Functions of headers that plugins include, and whose results depend on the sizes of structures that grow. Exported by a
# program's library they would take the place of those of an older plugin.
OF_INTERFACE = re.compile(r"pollux::(Capabilities|OpenFailure|OpenRequest|Plugin|PluginDescription|ForwardingSelector)::\w+\(|"
                          r"pollux::copy_of\(")  # fmt: skip
OURS = re.compile(r"((guard variable|typeinfo|typeinfo name|vtable) for )?pollux::")


def exported(file, nm, *options):
    command = [nm, "-D", "--defined-only", *options, str(file)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # After the address and the kind; a versioned symbol has the version after an "@".
    return sorted(line.split(maxsplit=2)[2].partition("@")[0] for line in output.splitlines())


def check_plugins(nm, folder):
    plugins = sorted(Path(folder).glob("libpollux-*.so"))
    faults = [] if plugins else [f"{folder}: no plugin was built here"]
    for plugin in plugins:
        symbols = exported(plugin, nm)
        if symbols != [SYMBOL]:
            faults.append(f"{plugin.name}: exports {', '.join(symbols) or 'nothing'}: expected exactly {SYMBOL}")
    return faults


def check_c_plugins(readelf, folder):
    faults = []
    for plugin in sorted(Path(folder).glob("libpollux-*.so")):
        output = subprocess.run([readelf, "-d", str(plugin)], capture_output=True, text=True, check=True).stdout
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output)
        if "(SYMTAB)" not in output:
            faults.append(f"{plugin.name}: {readelf} -d prints no dynamic section")
        faults += [f"{plugin.name}: needs {name}: expected no C++ runtime and no library of Pollux"
                   for name in needed if CPP_RUNTIME.match(name)]  # fmt: skip
    return faults


def check_libraries(nm, folder):
    libraries = sorted(Path(folder).glob("libpollux*.so"))
    faults = [] if libraries else [f"{folder}: no library was built here"]
    for library in libraries:
        symbols = exported(library, nm, "--demangle")
        foreign = [symbol for symbol in symbols if not OURS.match(symbol)]
        if foreign or not symbols:
            faults.append(f"{library.name}: exports {', '.join(foreign) or 'nothing'}: expected only names in pollux::")
        if shared := sorted(set(filter(OF_INTERFACE.match, symbols))):
            faults.append(f"{library.name}: exports {', '.join(shared)}: expected no inline function of the plugin interface")
    return faults
