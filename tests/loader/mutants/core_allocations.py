# SPDX-License-Identifier: BSL-1.0
from subject import Subject

SUBJECT = Subject(folder="core", library="libpollux.so.0.1", program="tests/loader/pollux-loader-allocations",
                  flags=('-DPOLLUX_PLUGIN_FOLDER="/nonexistent/pollux"',),
                  links=("-Wl,-soname,libpollux.so.0.1", "-ldl"))  # fmt: skip

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    ("src/file_system.cpp", "list a folder below noexcept", "    DIR* const stream = opendir(folder.c_str());\n",
     "    std::error_code error;\n"
     "    for (fs::directory_iterator entry(folder, error), end; entry != end; entry.increment(error)) {}\n"
     "    DIR* const stream = opendir(folder.c_str());\n", "Allocations.of_open"),
    ("src/file_system.cpp", "report another error for a folder that cannot be listed without memory",
     "if (errno == ENOMEM) throw std::bad_alloc();", "", "Allocations.of_explain"),
]
