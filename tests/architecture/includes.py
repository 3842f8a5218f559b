# SPDX-License-Identifier: BSL-1.0
"""Checks which part includes which, as docs/architecture.md allows."""
from pathlib import Path

from tree import is_public

# Each public header of the core, and the headers that it may include.
DIAGRAM = {
    "event": [],
    "registrator": ["event"],
    "capabilities": [],
    "selector": ["registrator", "capabilities"],
    "forwarding_selector": ["selector"],
    "open_failure": [],
    "deadline": [],
    "pending_wake": [],
    "pollable_descriptor": ["event"],
    "plugin": ["selector", "open_failure"],
    "toolkit": ["plugin"],
    "posix": ["event"],
    "process": [],
    "open": ["selector", "open_failure"],
    "poll": ["open"],
}
FOR_PLUGINS = ["toolkit", "forwarding_selector", "posix", "process", "deadline", "pending_wake", "pollable_descriptor"]
FOR_FOLDER = {"notify": ["event", "registrator"], "net": ["event", "posix"], "loop": ["poll", "posix", "process", "pollable_descriptor"]}
# The C face of the interface for plugins. It stands alone; of C++ only the adapter of the core and tests include it.
C_FACE = "core/include/pollux/plugin.h"
OF_C_FACE = ("stddef.h", "stdint.h")
MAY_INCLUDE_CORE_SOURCES = ("core/src/", "tests/core/", "tests/loader/")
SHOW_THE_SYSTEM = ("core/include/pollux/posix.hpp", "core/include/pollux/process.hpp")
KNOW_THE_SYSTEM = ("core/src/environment.cpp", "core/src/file_system.cpp", "core/src/file_system_windows.cpp",
                   "core/src/plugin_file.cpp")  # fmt: skip

STANDARD = set(
    """
    algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat charconv chrono cinttypes
    climits clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef
    cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem forward_list fstream
    functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory
    memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore
    set shared_mutex source_location span sstream stack stdexcept streambuf string string_view syncstream system_error
    thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
    """.split()
)


def with_foundations(names):
    """Returns the names and all headers that they may include, directly or not."""
    found = set(names)
    for name in names:
        found |= with_foundations(DIAGRAM[name])
    return found


def pollux_header(name):
    return name[len("pollux/") : -len(".hpp")] if name.startswith("pollux/") and name.endswith(".hpp") else None


def resolved(tree, path, name):
    """Returns the file of a quoted include, relative to the root; None if it is not found."""
    beside = (tree.root / path.parent / name).resolve()
    if beside.is_file() and beside.is_relative_to(tree.root):
        return beside.relative_to(tree.root).as_posix()
    for folder in ("core/src", "."):
        if (tree.root / folder / name).is_file():
            return (Path(folder) / name).as_posix()
    return None


def allowed_headers(path):
    """Returns the headers of the core that a file may include; None: any."""
    parts = path.parts
    if path.as_posix().startswith("core/include/pollux/"):
        return with_foundations(DIAGRAM.get(path.stem, []))
    if parts[0] in ("plugins", "layers"):
        return with_foundations(FOR_PLUGINS)
    if parts[0] in FOR_FOLDER:
        return with_foundations(FOR_FOLDER[parts[0]])
    return None


def fault_of_quoted(tree, path, name):
    target = resolved(tree, path, name)
    if is_public(path):
        return f'includes "{name}": a public header includes only <pollux/...> and the standard library'
    if path.parts[0] in ("plugins", "layers"):
        own = "/".join(path.parts[:2]) + "/"
        if target is None or not target.startswith(own):
            return f'includes "{name}": a plugin stays in its own folder, {own}'
    if target and target.startswith("core/src/") and not path.as_posix().startswith(MAY_INCLUDE_CORE_SOURCES):
        return f'includes "{name}", which is {target}: only the core and its tests may'
    if path.as_posix().startswith("core/") and target and not target.startswith("core/"):
        return f'includes "{name}", which is {target}: the core knows only itself'
    return None


def fault_of_library(tree, path, name):
    """For headers that are not the core's."""
    library = path.parts[0]
    if library == "core":
        return f"includes <{name}>: the core knows only itself"
    if library in FOR_FOLDER and not (tree.root / library / "include" / name).is_file():
        return f"includes <{name}>: of other libraries {library} knows only the core"
    return None


def fault_of_angled(tree, path, name):
    header = pollux_header(name)
    place = path.as_posix()
    if name == "pollux/plugin.h":
        allowed = allowed_headers(path)
        return f"includes <{name}>: may include of Pollux only headers for C++" if allowed is not None else None
    if header in DIAGRAM:
        allowed = allowed_headers(path)
        if allowed is not None and header not in allowed:
            return f"includes <{name}>: may include of Pollux only {', '.join(sorted(allowed)) or 'nothing'}"
        return None
    if "core/src" in name:
        return f"includes <{name}>: only the core and its tests may, and by its name"
    if header is not None:
        return fault_of_library(tree, path, name)
    if name in STANDARD or (place.startswith("core/src/") and name.startswith("boost/dll/")):
        return None
    if place in SHOW_THE_SYSTEM:
        return None
    if is_public(path):
        return f"includes <{name}>: a public header includes only <pollux/...> and the standard library"
    if place.startswith("core/") and place not in KNOW_THE_SYSTEM:
        return f"includes <{name}>: of the core only {', '.join(KNOW_THE_SYSTEM)} know the system, and only Boost.DLL is used"
    return None


def check(tree):
    faults = []
    loaders = []
    for path in tree.files(".cpp", ".hpp"):
        if path.as_posix().startswith("core/include/pollux/") and path.stem not in DIAGRAM:
            faults.append(f"{path}: is not in the dependency diagram: add it to {Path(__file__).name}")
        for number, kind, name in tree.includes(path):
            fault = fault_of_quoted(tree, path, name) if kind == '"' else fault_of_angled(tree, path, name)
            if fault:
                faults.append(f"{path}:{number}: {fault}")
            if name.startswith("boost/dll") and path not in loaders:
                loaders.append(path)
    for number, _, name in tree.includes(Path(C_FACE)):
        if name not in OF_C_FACE:
            faults.append(f"{C_FACE}:{number}: includes {name}: a header in C includes only <stddef.h> and <stdint.h>")
    if len(loaders) != 1 or loaders[0].suffix != ".cpp" or loaders[0].parts[0] != "core":
        names = ", ".join(map(str, loaders)) or "no file"
        faults.append(f"Boost.DLL is included by {names}: expected exactly one .cpp of the core")
    return faults
