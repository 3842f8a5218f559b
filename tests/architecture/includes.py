# SPDX-License-Identifier: BSL-1.0
"""Checks which part includes which, and where headers and names are, as docs/dependencies.md requires.

includes.py --write [root]   makes the diagram of that page again
"""
import re
import sys

sys.dont_write_bytecode = True
from pathlib import Path
from typing import NamedTuple

from tree import Tree, is_public

PAGE = Path("docs/dependencies.md")
BEGIN, END = "<!-- made of the table by includes.py -->", "<!-- end -->"
# The C interface for plugins. It stands alone; of C++ only the adapter of the core and tests include it.
C_INTERFACE = "core/include/pollux/plugin.h"
MAY_INCLUDE_C_INTERFACE = ("core/src/c_plugin.hpp",)
OF_C_INTERFACE = ("stddef.h", "stdint.h")
MAY_INCLUDE_CORE_SOURCES = ("core/src/", "tests/core/", "tests/loader/")
SHOW_THE_SYSTEM = tuple(f"core/include/pollux/{name}.hpp" for name in
                        ("callback_selector", "posix", "process", "standard_streams", "wake_pair"))  # fmt: skip
KNOW_THE_SYSTEM = ("core/src/environment.cpp", "core/src/file_system.cpp", "core/src/file_system_windows.cpp",
                   "core/src/plugin_file.cpp", "core/src/static_program.cpp")  # fmt: skip

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


class Dependencies(NamedTuple):
    """The two tables of the page."""

    uses: dict  # for each library: those that it uses
    libraries: dict  # for each folder of a library: the folders of the libraries that it uses, and theirs
    headers: dict  # for each header of the core and of time: those that it may include
    folders: dict  # for each folder: the headers that its files may include

    def with_foundations(self, names):
        """Returns the names and all headers that they may include, directly or not."""
        found = set(names)
        for name in names:
            found |= self.with_foundations(self.headers.get(name, []))
        return found

    def allowed(self, path):
        """Returns the headers of the core and of time that a file may include; None: any."""
        header = public_name(path)
        if header in self.headers:
            return self.with_foundations(self.headers[header])
        if path.parts[0] in self.folders:
            return self.with_foundations(self.folders[path.parts[0]])
        return None


def cells(line):
    return [re.findall(r"`([^`]+)`", cell) for cell in line.strip("|").split("|")]


def reachable(uses, library):
    return set().union(*({each} | reachable(uses, each) for each in uses.get(library, [])))


def read(tree):
    """Returns the Dependencies, and what is wrong with the page."""
    uses, folder_of, headers, folders, faults = {}, {}, {}, {}, []
    for number, line in enumerate(tree.lines(PAGE), 1):
        if not line.startswith("| `"):
            continue
        first, *rest = cells(line)
        if len(rest) == 3:  # the first table has four columns
            folder_of[first[0]], uses[first[0]] = rest[0][0], rest[1]
            continue
        for name in first:
            (folders if name.endswith("/") else headers)[name.rstrip("/")] = rest[0]
        for name in rest[0]:
            if name not in headers:
                faults.append(f"{PAGE}:{number}: `{name}` is not a header of a row before")
    libraries = {folder: {folder_of[each] for library in folder_of if folder_of[library] == folder
                          for each in reachable(uses, library)} | {folder} for folder in folder_of.values()}  # fmt: skip
    return Dependencies(uses, libraries, headers, folders), faults


def with_diagram(dependencies, text):
    """The page with the diagram of its first table."""
    arrows = [f"    {library} --> {used}" for library, uses in dependencies.uses.items() for used in uses]
    diagram = "\n".join(["```mermaid", "flowchart RL", *arrows, "```"])
    return re.sub(f"(?<={BEGIN}\n).*?(?={END})", f"\n{diagram}\n\n", text, count=1, flags=re.DOTALL)


def write(tree):
    text = (tree.root / PAGE).read_text(encoding="utf-8")
    (tree.root / PAGE).write_text(with_diagram(read(tree)[0], text), encoding="utf-8")


def public_name(path):
    """Returns the name of a public header in an #include, without "pollux/" and the suffix; else None."""
    match = re.search(r"(?:^|/)include/pollux/(.+)\.hpp$", path.as_posix())
    return match[1] if match else None


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


def fault_of_library(dependencies, path, name):
    """For headers that no row names: those of libraries above the core."""
    folder, library = path.parts[0], name.split("/")[1]
    known = dependencies.libraries.get(folder, set() if folder in dependencies.folders else None)
    if known is None or library in known and library in dependencies.libraries:
        return None
    return f"includes <{name}>: may include of the libraries only {', '.join(sorted(known)) or 'none'}"


def fault_of_angled(dependencies, path, name):
    header = pollux_header(name)
    place = path.as_posix()
    if name == "pollux/plugin.h":
        if path.parts[0] in dependencies.folders and path.as_posix() not in MAY_INCLUDE_C_INTERFACE:
            return f"includes <{name}>: may include of Pollux only headers for C++"
        return None
    if header in dependencies.headers:
        allowed = dependencies.allowed(path)
        if allowed is not None and header not in allowed:
            return f"includes <{name}>: may include of Pollux only {', '.join(sorted(allowed)) or 'nothing'}"
        return None
    if "core/src" in name:
        return f"includes <{name}>: only the core and its tests may, and by its name"
    if header is not None:
        return fault_of_library(dependencies, path, name)
    if name in STANDARD or (place.startswith("core/src/") and name.startswith("boost/dll/")):
        return None
    if place in SHOW_THE_SYSTEM:
        return None
    if is_public(path):
        return f"includes <{name}>: a public header includes only <pollux/...> and the standard library"
    if path.parts[0] == "time":
        return f"includes <{name}>: time knows only the standard library"
    if place.startswith("core/") and place not in KNOW_THE_SYSTEM:
        return f"includes <{name}>: of the core only {', '.join(KNOW_THE_SYSTEM)} know the system, and only Boost.DLL is used"
    return None


def faults_of_place(tree, dependencies, path):
    """A library's headers are in pollux/<library>/, and its names in pollux::<library>; those of the core in pollux."""
    header = public_name(path)
    *folders, library = path.as_posix().partition("/include/")[0].split("/")
    if folders[:1] in (["plugins"], ["layers"]) or (library, header) == (None, None):
        return
    of_core = library == "core"
    expected = "pollux" if of_core else f"pollux::{library}"
    if header is not None:
        if of_core != ("/" not in header) or not (of_core or header.startswith(library + "/")):
            where = "include/pollux/" if of_core else f"include/pollux/{library}/"
            yield f"{path}: is not in {where}, where the headers of this library are"
        if (of_core or library == "time") and header not in dependencies.headers:
            yield f"{path}: is in no row of {PAGE}"
    elif path.parts[0] not in dependencies.libraries or path.parts[1] != "src":
        return
    else:
        expected = "pollux" if path.parts[0] == "core" else f"pollux::{path.parts[0]}"
    for number, line in enumerate(tree.lines(path), 1):
        namespace = re.match(r"namespace ([\w:]+) \{", line)
        if namespace and not re.match(rf"{expected}(::|$)", namespace[1]):
            yield f"{path}:{number}: namespace {namespace[1]}: expected {expected}, by the folder"


def check(tree):
    dependencies, faults = read(tree)
    text = (tree.root / PAGE).read_text(encoding="utf-8")
    if with_diagram(dependencies, text) != text or BEGIN not in text:
        faults.append(f"{PAGE}: the diagram is stale: run python3 tests/architecture/includes.py --write")
    loaders = []
    for path in tree.files(".cpp", ".hpp"):
        faults += faults_of_place(tree, dependencies, path)
        for number, kind, name in tree.includes(path):
            fault = fault_of_quoted(tree, path, name) if kind == '"' else fault_of_angled(dependencies, path, name)
            if fault:
                faults.append(f"{path}:{number}: {fault}")
            if name.startswith("boost/dll") and path not in loaders:
                loaders.append(path)
    for header in dependencies.headers:
        folder = header.partition("/")[0] if "/" in header else "core"
        if not (tree.root / folder / "include/pollux" / f"{header}.hpp").is_file():
            faults.append(f"{PAGE}: `{header}` is no header of {folder}/")
    for number, _, name in tree.includes(Path(C_INTERFACE)):
        if name not in OF_C_INTERFACE:
            faults.append(f"{C_INTERFACE}:{number}: includes {name}: a header in C includes only <stddef.h> and <stdint.h>")
    if len(loaders) != 1 or loaders[0].suffix != ".cpp" or loaders[0].parts[0] != "core":
        names = ", ".join(map(str, loaders)) or "no file"
        faults.append(f"Boost.DLL is included by {names}: expected exactly one .cpp of the core")
    return faults


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1] != "--write":
        sys.exit(__doc__)
    write(Tree(sys.argv[2] if len(sys.argv) == 3 else "."))
