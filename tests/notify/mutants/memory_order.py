# SPDX-License-Identifier: BSL-1.0
from subject import Subject

# The orders of loads and stores, which the model of memory tries: no processor shows all of them.
SUBJECT = Subject(
    folder="notify", library="libpollux-notify.so.0.1", program="tests/notify/pollux-notify-model", patience=300,
    links=("-Wl,-soname,libpollux-notify.so.0.1",),
    headers=("include/pollux/notify/internal/*.hpp",),
    own_tests=("tests/harness/memory_model/memory.cpp", "tests/notify/model/model_test.cpp"))  # fmt: skip

RING, LANE = "include/pollux/notify/internal/token_ring.hpp", "include/pollux/notify/internal/token_lane.hpp"

# file, defect, piece of the source, its replacement, test that has to fail
MUTANTS = [
    (RING, "read the data before the flags of the tokens are clear",
     "        // The flags are cleared before the caller reads the data of the tokens.\n        Memory::full_fence();\n", "",
     "Model.ring_has_no_fault"),
    (RING, "return from a push() whose wakeup was not claimed as if it was",
     "(tail & asleep) == 0 ? Pushed::queued : claim_wakeup();", "(tail & asleep) == 0 ? Pushed::queued : Pushed::conflated;",
     "Model.ring_has_no_fault"),
    (LANE, "believe a flag that the consumer may have cleared", "            Memory::full_fence(); // as in TokenRing::push()\n", "",
     "Model.lane_has_no_fault"),
]  # fmt: skip
