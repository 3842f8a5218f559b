# SPDX-License-Identifier: BSL-1.0
from subject import Subject, failing_calls

SUBJECT = Subject(folder="core", library="libpollux.so.0.1", program="tests/core/pollux-core-tests",
                  flags=('-DPOLLUX_PLUGIN_FOLDER="/nonexistent/pollux"',),
                  links=("-Wl,-soname,libpollux.so.0.1", "-ldl"),
                  commands=failing_calls(("poll", "loop"), "{build}/lib/pollux/libpollux-epoll.so"))  # fmt: skip

POLL = "src/poll.cpp"
SWAPPED = "    selector_.swap(selector);\n"

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (POLL, "keep the clock of the former Selector",
     SWAPPED + "    clock_ = time::Clock(extension<time::ClockSource>());\n", SWAPPED, "poll.clock"),
    (POLL, "end timeouts by the steady clock", "deadline(timeout, clock_)", "deadline(timeout)", "poll.clock"),
    (POLL, "open a Poll without its choice", "Choice(choice), adds)", "Choice(), adds)", "poll.open"),
    (POLL, "keep an earlier error of a Poll that opens", "    error.clear();\n", "", "poll.open"),
    (POLL, "open a Poll that always adds all watches", "choice_(std::move(choice)), selector_(std::move(selector)), registrator_(gate_to(*selector_, adds))",
     "choice_(std::move(choice)), selector_(std::move(selector)), registrator_(gate_to(*selector_, ReopenAdds::all_watches))", "poll.open"),
    (POLL, "leave the clock of a Poll that is assigned", "    std::swap(clock_, taken.clock_);\n", "", "poll.clock"),
]
