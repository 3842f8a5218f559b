# SPDX-License-Identifier: BSL-1.0
from subject import Subject, failing_calls

SUBJECT = Subject(
    folder="notify", library="libpollux-notify.so.0.1", program="tests/notify/pollux-notify-allocations",
    links=("-Wl,-soname,libpollux-notify.so.0.1",),
    own_tests=("tests/notify/allocations_test.cpp",), commands=failing_calls(("notify",), "none"))  # fmt: skip

LANES = "include/pollux/notify/internal/lane_list.hpp"

# file, what is broken, the piece, what is put there, the test that must catch it
MUTANTS = [
    (LANES, "leave lanes that are gone to the end of the queue", "            if (abandoned && size < tokens.size()) {",
     "            if (abandoned && tokens.empty()) {", "lanes.memory"),
    (LANES, "leave lanes that the poller knew to the end of the queue",
     "        while (last_) leave(unlink_next());\n", "", "Allocations.of_lanes_without_a_poller"),
    (LANES, "keep what was the poller's", "        std::vector<std::uint64_t>().swap(seen_);\n", "",
     "Allocations.of_lanes_without_a_poller"),
    (LANES, "do not free a lane that is added after the poller is destroyed", "            if (first == end()) {",
     "            if (false) {", "Allocations.of_lanes_without_a_poller"),
    (LANES, "leave a lane to the side that has abandoned it", "if (lane->abandoned.exchange(true, std::memory_order_acq_rel)) Memory::destroy(lane);",
     "lane->abandoned.exchange(true, std::memory_order_acq_rel);", "Allocations.of_lanes_beside_the_end_of_the_poller"),
]  # fmt: skip
