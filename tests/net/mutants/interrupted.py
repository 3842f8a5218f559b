# SPDX-License-Identifier: BSL-1.0
from subject import library

SUBJECT = library("net", "tests/net/pollux-net-interrupted")

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    ("src/uninterrupted.hpp", "give up what a signal has interrupted", "if (result != -1 || errno != EINTR) return result;",
     "return result;", "stream.interrupted"),
    ("src/system_posix.cpp", "take a connect() that was interrupted for one that failed",
     "return errno == EINPROGRESS || errno == EINTR ?", "return errno == EINPROGRESS ?", "stream.interrupted"),
    ("src/tcp.cpp", "keep a socket that cannot connect",
     "    if (!error) error = system::connect(made.native_handle(), address);\n    if (error) made.close();\n",
     "    if (!error) error = system::connect(made.native_handle(), address);\n", "Failing.connect_leaves_nothing_open"),
]
