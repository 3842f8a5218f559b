# SPDX-License-Identifier: BSL-1.0
from subject import Subject

# A header of the core; what the library is made of is no matter.
SUBJECT = Subject(
    folder="core", library="libpollux.so", program="tests/notify/pollux-notify-model", sources=("src/stack_list.cpp",),
    headers=("include/pollux/pending_wake.hpp",),
    own_tests=("tests/harness/memory_model/memory.cpp", "tests/notify/model/pending_wake_test.cpp"))  # fmt: skip

HEADER = "include/pollux/pending_wake.hpp"

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (HEADER, "mark a wake as pending before it is delivered",
     "        if (const std::error_code error = deliver()) return error;\n",
     "        state_.compare_exchange_strong(seen, seen | pending, std::memory_order_acq_rel, std::memory_order_relaxed);\n"
     "        if (const std::error_code error = deliver()) return error;\n", "PendingWakeModel.loses_no_wake"),
    (HEADER, "begin no generation", "generation_ += 2;", "", "PendingWakeModel.loses_no_wake"),
    (HEADER, "load the word instead of adding to it", "state_.fetch_add(0, std::memory_order_acq_rel);",
     "state_.load(std::memory_order_acquire);", "PendingWakeModel.loses_no_wake"),
    (HEADER, "collect by a store", "state_.exchange(generation_, std::memory_order_acq_rel);",
     "state_.store(generation_, std::memory_order_release);", "PendingWakeModel.loses_no_wake"),
]
