# SPDX-License-Identifier: BSL-1.0
# tests/windows/run python3 tests/mutants/run.py build/windows
from subject import backend

SUBJECT = backend(
    "iocp", library="pollux-iocp.dll", program="bin/pollux-conformance.exe", runner=("/usr/lib/wine/wine64",),
    compiler="x86_64-w64-mingw32-g++-posix", flags=("-D_WIN32_WINNT=0x0602", "-DWIN32_LEAN_AND_MEAN", "-DNOMINMAX"),
    links=("-shared-libgcc", "-lntdll", "-lws2_32"))  # fmt: skip

IOCP = "iocp.cpp"
WATCHED = "watched.cpp"

# file, defect, piece of the source, its replacement, rule that has to fail
MUTANTS = [
    (IOCP, "never collect a pending wake", "pending_.collect();", ";", "wake.coalesces"),
    (IOCP, "do not poll a reported level watch again", "if (watched->armed) make_due(*watched);",
     "watched->armed = false;", "level.repeats"),
    (IOCP, "keep a spent one-shot watch armed", "watched->armed = watched->watch.mode == Mode::level;", "",
     "oneshot.once"),
    (IOCP, "take the packet of a cancelled poll for an event",
     "const auto ready = is_wanted ? watched->take_result() : Ready::none;", "const auto ready = watched->take_result();",
     "modify.replaces"),
    (IOCP, "do not cancel on modify()", "            watched.cancel();\n        } else if", "        } else if",
     "modify.replaces"),
    (IOCP, "report a watch that was removed", "if (!watched->removed) return watched;",
     "if (!watched->removed || watched->armed) return watched;", "remove.is_final"),
    (IOCP, "lose a wake when packets are swept", "wake_swept_ = true;", ";", "remove.without_select"),
    (IOCP, "lose an event when packets are swept", "watched && watched->armed) {\n                make_due(*watched);",
     "watched && watched->armed) {\n                watched->armed = false;", "remove.without_select"),
    (IOCP, "believe every socket to be new", "if (!is_new) return make_error_code(std::errc::file_exists);", "",
     "add.duplicate"),
    (IOCP, "keep the old watch on modify()", "const auto before = std::exchange(watched.watch, watch);",
     "const auto before = watched.watch;", "modify.replaces"),
    (IOCP, "leave the port open", "if (port_) CloseHandle(port_);", "", "selector.no_leak"),
    (WATCHED, "leave the handles of AFD open", "for (const auto& device : all_) CloseHandle(device->handle);", "",
     "selector.no_leak"),
    (WATCHED, "let the handles of AFD be inherited", "attributes.ObjectName = &name;",
     "attributes.ObjectName = &name;\n    attributes.Attributes = OBJ_INHERIT;", "selector.close_on_exec"),
]
